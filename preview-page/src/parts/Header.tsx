/** The bar on top: the server, the state of the connection, and the host that is emulated. */

import { connection } from "../model/connection";
import { choose, profile, profiles } from "../model/profiles";
import { compared } from "../model/turn";
import { container, CONTAINERS, locale, mode, MODES, theme, type Container } from "../model/simulation";
import { isHelpOpen } from "../model/layout";
import { ConnectionButton } from "./Connection";
import { Action, Choice } from "./controls";
import { More } from "./More";

const LOCALES = ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pt-BR", "ja-JP", "zh-CN", "hi-IN", "ar-EG", "he-IL"];
const MODE_NAMES: Record<DisplayMode, string> = { inline: "Inline", fullscreen: "Fullscreen", pip: "Picture in picture" };
const CONTAINER_NAMES: Record<Container, string> = { phone: "Phone 390", tablet: "Tablet 768", column: "Column 480", wide: "Wide 1120" };

export const Header = () => {
  const { server } = connection.value;
  const now = profile.value;
  const room = now?.host.context.containerDimensions;
  const own = room?.width ?? room?.maxWidth;
  const modes = now?.host.context.availableDisplayModes ?? ["inline"];
  const locales = LOCALES.includes(locale.value) ? LOCALES : [locale.value, ...LOCALES];
  return (
    <header class="bar">
      <h1 title={server?.title ?? server?.name}>{server?.title ?? server?.name ?? "Preview"}</h1>
      <ConnectionButton />
      <div class="simulation" role="group" aria-label="What the view is shown in">
        {now && (
          <Choice
            label="Host that is emulated" hotkey="h" testid="profile" value={now.id} onChange={choose}
            options={profiles.value.map(({ id, title }) => [id, title] as const)}
          />
        )}
        <Choice
          label="Display mode" hotkey="d" testid="mode" value={mode.value} onChange={(value) => void (mode.value = value)}
          options={MODES.map((name) => [name, modes.includes(name) ? MODE_NAMES[name] : `${MODE_NAMES[name]} (not here)`] as const)}
        />
        <Choice
          label="Container" testid="container" value={container.value ?? ""}
          onChange={(value) => void (container.value = value || undefined)}
          options={[["", own ? `Host’s ${own}` : "Host’s"] as const, ...Object.keys(CONTAINERS).map((name) => [name as Container, CONTAINER_NAMES[name as Container]] as const)]}
        />
        <Choice
          label="Locale" testid="locale" value={locale.value} onChange={(value) => void (locale.value = value)}
          options={locales.map((name) => [name, name] as const)}
        />
        <Action
          icon={theme.value === "dark" ? "dark" : "light"} label={theme.value === "dark" ? "Dark theme" : "Light theme"} hotkey="t" testid="theme"
          onClick={() => void (theme.value = theme.value === "dark" ? "light" : "dark")}
        />
        <Action icon="keys" label="Keys" hotkey="?" testid="keys" onClick={() => void (isHelpOpen.value = true)} />
        <More />
      </div>
      {compared.value.length > 0 && <span class="visually-hidden" role="status">Comparing {compared.value.length + 1} hosts</span>}
    </header>
  );
};
