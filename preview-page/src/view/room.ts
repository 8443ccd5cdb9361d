/** The room that a view has. */

import type { Scene } from "./scene";

/** The height of a view that has not asked for one. */
const FIRST = 300;

/** The size of a view: what it asks for, as far as its host gives it. */
export const sizeOf = (scene: Scene): { width?: number; height: number } => {
  const { width, maxWidth, height, maxHeight = Infinity } = scene.context.value.containerDimensions ?? {};
  const asked = scene.size.value;
  return { width: width ?? asked.width ?? maxWidth, height: height ?? Math.min(maxHeight, asked.height ?? FIRST) };
};
