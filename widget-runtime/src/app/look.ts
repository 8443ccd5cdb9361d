/** The look of the page: theme, style variables and fonts of the host, and reports of its size. */

const root = document.documentElement;
let fonts: HTMLStyleElement | undefined;

/** Applies what the context says of the look. */
export const dress = ({ theme, styles }: HostContext) => {
  if (theme) root.style.colorScheme = root.dataset.theme = theme;
  for (const name in styles?.variables) root.style.setProperty(name, styles.variables[name] ?? null);
  if (styles?.css?.fonts) {
    fonts ??= document.head.appendChild(document.createElement("style"));
    fonts.textContent = styles.css.fonts;
  }
};

/** Reports the size that the page needs, now and when it changes. */
export const measure = (report: (size: { width: number; height: number }) => void) => {
  let before: number;
  const observer = new ResizeObserver(() => {
    // A page as high as its frame would tell the frame's height.
    const { height } = root.style;
    root.style.height = "max-content";
    const now = Math.ceil(root.getBoundingClientRect().height);
    root.style.height = height;
    if (now !== before) report({ width: innerWidth, height: (before = now) });
  });
  observer.observe(root);
  // The bridge is older than the body.
  const watch = () => observer.observe(document.body);
  if (document.body) watch();
  else addEventListener("DOMContentLoaded", watch);
};
