/** The icons of the page: outlines on a grid of 16. */

const PATHS = {
  widget: "M2.5 3.5h11v9h-11zM2.5 6h11",
  task: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3l2 1.5",
  tool: "M8 7.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  reload: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
  expand: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5 9 7M2.5 13.5 7 9",
  float: "M2.5 3.5h11v9h-11zM8 8h3.5v2.5H8z",
  compare: "M2.5 3.5h4.5v9H2.5zM9 3.5h4.5v9H9z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  close: "M4 4l8 8M12 4l-8 8",
  light: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  dark: "M13 9.6A5.4 5.4 0 0 1 6.4 3 5.4 5.4 0 1 0 13 9.6z",
  pause: "M6 3.5v9M10 3.5v9",
  play: "M5 3.5v9l7-4.5z",
  download: "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10",
  record: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
  camera: "M2.5 5h3l1-1.5h3l1 1.5h3v7.5h-11zM8 6.3a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4",
  stop: "M4.5 4.5h7v7h-7z",
  alert: "M8 2.5 14 13H2zM8 6.5v3M8 11.3v.1",
  check: "M3 8.5 6.5 12 13 4.5",
  keys: "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5 9.5h6",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  step: "M4 3.5v9l6-4.5zM12 3.5v9",
  right: "M6 3.5 10.5 8 6 12.5",
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
