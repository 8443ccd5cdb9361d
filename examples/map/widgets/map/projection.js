// @ts-check
// From degrees to the plane, by the Equal Earth projection: areas keep their proportions.

const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const M = Math.sqrt(3) / 2;
const radians = Math.PI / 180;

/** Units of the plane across the whole map, and down. */
export const WIDTH = 1000;
export const HEIGHT = 488;
const SCALE = WIDTH / 5.42;

/**
 * A point of the plane.
 * @param {number} longitude
 * @param {number} latitude
 * @returns {[number, number]}
 */
export function project(longitude, latitude) {
  const t = Math.asin(M * Math.sin(latitude * radians));
  const t2 = t * t;
  const t6 = t2 * t2 * t2;
  const x = (longitude * radians * Math.cos(t)) / (M * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2)));
  const y = t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2));
  return [WIDTH / 2 + SCALE * x, HEIGHT / 2 - SCALE * y];
}

/** @param {[number, number]} point */
const written = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/**
 * The path of an outline: tenths of a degree, each pair what is added to the one before.
 * @param {number[]} ring
 */
export function outline(ring) {
  let path = "";
  for (let at = 0, x = 0, y = 0; at < ring.length; at += 2) {
    x += ring[at];
    y += ring[at + 1];
    path += (at ? "L" : "M") + written(project(x / 10, y / 10));
  }
  return `${path}Z`;
}

/** @typedef {{longitude: number, latitude: number}} Position */

/**
 * The path of the shortest way over the globe, in two parts where it leaves the map on one side.
 * @param {Position} from
 * @param {Position} to
 */
export function greatCircle(from, to) {
  const [a, b] = [from, to].map(({ longitude, latitude }) => {
    const [l, f] = [longitude * radians, latitude * radians];
    return [Math.cos(f) * Math.cos(l), Math.cos(f) * Math.sin(l), Math.sin(f)];
  });
  const angle = Math.acos(Math.min(1, Math.max(-1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])));
  const steps = Math.max(1, Math.ceil(angle / (3 * radians)));
  let path = "";
  let last = from.longitude;
  for (let step = 0; step <= steps; step += 1) {
    const [p, q] = angle < 1e-6 ? [1, 0] : [(steps - step) / steps, step / steps].map((part) => Math.sin(part * angle) / Math.sin(angle));
    const [x, y, z] = a.map((value, axis) => p * value + q * b[axis]);
    const longitude = Math.atan2(y, x) / radians;
    const latitude = Math.asin(Math.min(1, Math.max(-1, z))) / radians;
    path += (step && Math.abs(longitude - last) < 180 ? "L" : "M") + written(project(longitude, latitude));
    last = longitude;
  }
  return path;
}
