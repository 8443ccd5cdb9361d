/** The circumstances that a view is shown in, beside those of the profile. */

import { signal } from "@preact/signals";

import { Name } from "../../../widget-runtime/src/message";
import type { Profile } from "../wire/types";
import { keep, wanted } from "./address";

type Theme = "light" | "dark";

const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
const one = <T extends string>(name: string, all: readonly T[]): T | undefined => all.find((value) => value === wanted(name));

export const THEMES = ["light", "dark"] as const;
export const MODES = ["inline", "fullscreen", "pip"] as const;
export const PLATFORMS = ["web", "desktop", "mobile"] as const;

/** Containers by their names: a width, and a height where it is fixed. */
export const CONTAINERS = {
  phone: { width: 390, height: 844, touch: true },
  tablet: { width: 768, height: 1024, touch: true },
  column: { width: 480, height: 640, touch: false },
  wide: { width: 1120, height: 720, touch: false },
} as const;
export type Container = keyof typeof CONTAINERS;

export const theme = signal<Theme>(one("theme", THEMES) ?? (isDark ? "dark" : "light"));
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const locale = signal(wanted("locale") ?? navigator.language);
export const timeZone = signal(wanted("zone") ?? ownZone);
/** The mode that the user wants views to be in. */
export const mode = signal<DisplayMode>(one("mode", MODES) ?? "inline");
/** A container of ours; that of the profile without. */
export const container = signal<Container | undefined>(one("container", Object.keys(CONTAINERS) as Container[]));
/** A width of ours, in place of that of the profile. */
export const width = signal<number | undefined>(Number(wanted("width")) || undefined);
/** The height of our container is fixed; otherwise it is the most that the view may have. */
export const isFixed = signal(wanted("fixed") !== undefined);
/** Touch instead of a mouse; as the container has it without. */
export const touch = signal<boolean | undefined>(undefined);
export const platform = signal<(typeof PLATFORMS)[number] | undefined>(one("platform", PLATFORMS));
/** Insets of a phone with a notch. */
export const hasInsets = signal(wanted("insets") !== undefined);

keep("theme", () => (theme.value === (isDark ? "dark" : "light") ? undefined : theme.value));
keep("locale", () => (locale.value === navigator.language ? undefined : locale.value));
keep("zone", () => (timeZone.value === ownZone ? undefined : timeZone.value));
keep("mode", () => (mode.value === "inline" ? undefined : mode.value));
keep("container", () => container.value);
keep("width", () => width.value?.toString());
keep("fixed", () => (isFixed.value ? "" : undefined));
keep("platform", () => platform.value);
keep("insets", () => (hasInsets.value ? "" : undefined));

const window_ = signal({ width: innerWidth, height: innerHeight });
addEventListener("resize", () => void (window_.value = { width: innerWidth, height: innerHeight }));

/** The room of a view in this mode. */
const dimensions = (profile: Profile, mode: DisplayMode): NonNullable<HostContext["containerDimensions"]> => {
  if (mode === "fullscreen") return window_.value;
  if (mode === "pip") return { width: 380, maxHeight: 420 };
  const own = profile.host.context.containerDimensions ?? {};
  if (width.value) return { width: width.value, ...(own.maxHeight !== undefined && { maxHeight: own.maxHeight }) };
  if (!container.value) return own;
  const { width: wide, height } = CONTAINERS[container.value];
  return isFixed.value ? { width: wide, height } : { width: wide, maxHeight: height };
};

/** What a view under this profile is told of its surroundings, without the state it keeps. */
export const contextOf = (profile: Profile, mode: DisplayMode): HostContext => {
  const { [Name.State]: _, ...own } = profile.host.context;
  const isTouch = touch.value ?? (container.value && CONTAINERS[container.value].touch);
  return {
    ...own,
    theme: theme.value,
    locale: locale.value,
    timeZone: timeZone.value,
    displayMode: mode,
    containerDimensions: dimensions(profile, mode),
    ...(isTouch !== undefined && { deviceCapabilities: { touch: isTouch, hover: !isTouch } }),
    ...(platform.value && { platform: platform.value }),
    ...(hasInsets.value && { safeAreaInsets: { top: 47, right: 0, bottom: 34, left: 0 } }),
  };
};

/** The parts of a context that are not as they were. */
export const changes = (before: HostContext, after: HostContext): HostContext =>
  Object.fromEntries(
    Object.keys(after)
      .filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]))
      .map((name) => [name, after[name]]),
  );
