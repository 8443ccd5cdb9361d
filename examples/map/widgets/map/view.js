// @ts-check
// What part of the map is seen: moved and zoomed by pointer, wheel and keys.

import { HEIGHT, WIDTH } from "./projection.js";

const CLOSEST = 24;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @typedef {{x: number, y: number, zoom: number}} View the centre, and how many times it is enlarged */

/**
 * @param {SVGSVGElement} svg
 * @param {(view: View) => void} moved
 */
export function follow(svg, moved) {
  /** @type {View} */
  let view = { x: WIDTH / 2, y: HEIGHT / 2, zoom: 1 };
  const limit = (value, low, high) => Math.min(high, Math.max(low, value));

  /** Draws, and tells of it unless it was told. */
  function show(next, tell = true) {
    const zoom = limit(next.zoom, 1, CLOSEST);
    const [w, h] = [WIDTH / zoom, HEIGHT / zoom];
    view = { zoom, x: limit(next.x, w / 2, WIDTH - w / 2), y: limit(next.y, h / 2, HEIGHT - h / 2) };
    svg.setAttribute("viewBox", `${view.x - w / 2} ${view.y - h / 2} ${w} ${h}`);
    measure();
    if (tell) moved(view);
  }
  /** A pixel of the screen in units of the map, for what keeps its size. */
  function measure() {
    const { clientWidth, clientHeight } = svg;
    const pixel = Math.max(WIDTH / (clientWidth || WIDTH), HEIGHT / (clientHeight || HEIGHT)) / view.zoom;
    svg.style.setProperty("--pixel", String(pixel));
    return pixel;
  }
  /** Zooms, and keeps what is at this place of the screen where it is. */
  function zoom(times, clientX, clientY) {
    const box = svg.getBoundingClientRect();
    const [dx, dy] = [clientX - box.left - box.width / 2, clientY - box.top - box.height / 2];
    const before = measure();
    const next = limit(view.zoom * times, 1, CLOSEST);
    const change = before * (1 - view.zoom / next);
    show({ x: view.x + dx * change, y: view.y + dy * change, zoom: next });
  }
  const nearer = (times) => show({ ...view, zoom: view.zoom * times });

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }, { passive: false });

  /** @type {Map<number, PointerEvent>} */
  const held = new Map();
  svg.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, event);
  });
  svg.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const far = Math.hypot(event.clientX - last.clientX, event.clientY - last.clientY);
    if (!svg.hasPointerCapture(event.pointerId)) {
      // A click stays a click.
      if (far < 4) return;
      svg.setPointerCapture(event.pointerId);
      svg.classList.add("held");
    }
    const pixel = measure();
    const other = [...held.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    if (other) {
      const apart = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
      zoom(apart(event) / apart(last), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    } else {
      show({ ...view, x: view.x - (event.clientX - last.clientX) * pixel, y: view.y - (event.clientY - last.clientY) * pixel });
    }
    held.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    svg.addEventListener(end, (event) => {
      held.delete(/** @type {PointerEvent} */ (event).pointerId);
      svg.classList.toggle("held", held.size > 0);
    });
  }
  svg.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    const step = 60 / view.zoom;
    if (arrow) show({ ...view, x: view.x + arrow[0] * step, y: view.y + arrow[1] * step });
    else if (event.key === "+" || event.key === "=") nearer(1.5);
    else if (event.key === "-") nearer(1 / 1.5);
    else if (event.key === "0") nearer(0);
    else return;
    event.preventDefault();
  });
  new ResizeObserver(measure).observe(svg);
  show(view, false);
  return {
    show: (next) => show(next, false),
    nearer,
    /** Shows all of these points. @param {[number, number][]} points */
    fit(points) {
      if (!points.length) return nearer(0);
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
      const zoom = Math.min(WIDTH / (right - left + 60), HEIGHT / (bottom - top + 60), 8);
      show({ x: (left + right) / 2, y: (top + bottom) / 2, zoom });
    },
  };
}
