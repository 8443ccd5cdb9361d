/** Pictures of views, which the host process takes in a browser of its own: of a copy, which changes nothing. */

import { signal } from "@preact/signals";

import { host } from "../wire/host";
import type { Scene } from "../view/scene";
import { width } from "./simulation";
import { said } from "./layout";
import type { Turn } from "./turn";

/** A picture is on its way. */
export const isShooting = signal(false);

/** Why the last one was not taken. */
export const trouble = signal<string | undefined>(undefined);

/** Takes a picture of this view as it would be opened now, and gives it to the user as a file. */
export const shoot = async (turn: Turn, scene: Scene) => {
  if (isShooting.value) return;
  isShooting.value = true;
  trouble.value = undefined;
  const { theme = "light", containerDimensions } = scene.context.value;
  try {
    const png = await host.shot({
      profile: scene.profile.id,
      theme,
      tool: turn.tool.name,
      input: turn.input,
      result: turn.result.value,
      state: scene.state.value,
      width: width.value ?? containerDimensions?.width,
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(png);
    link.download = `${turn.tool.name.replace(/[^\w]+/g, "-")}-${scene.profile.id}-${theme}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
    said.value = `The picture ${link.download} is there`;
  } catch (error) {
    trouble.value = (error as Error).message;
    said.value = "No picture was taken";
  } finally {
    isShooting.value = false;
  }
};
