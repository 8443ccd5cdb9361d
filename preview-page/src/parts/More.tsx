/** The menu of what is needed seldom. */

import { faults, isFaulty, heal } from "../model/faults";
import { container, hasInsets, isFixed, platform, PLATFORMS, timeZone, touch } from "../model/simulation";
import { Choice, Field, Toggle } from "./controls";
import { Icon } from "./Icon";

const ZONES = ["UTC", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Africa/Lagos", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney"];

const POINTERS = [["", "As the container"], ["touch", "Touch"], ["mouse", "Mouse"]] as const;
const LATENCIES = [["0", "None"], ["300", "300 ms"], ["2000", "2 s"], ["10000", "10 s"]] as const;

export const More = () => {
  const zones = ZONES.includes(timeZone.value) ? ZONES : [timeZone.value, ...ZONES];
  const set = (changed: Partial<typeof faults.value>) => void (faults.value = { ...faults.value, ...changed });
  return (
    <>
      <button type="button" class="action" popovertarget="more" aria-label="More" title="More" data-testid="more" aria-pressed={isFaulty.value}>
        <Icon name="more" />
      </button>
      <div id="more" popover="auto" class="popover" role="dialog" aria-label="More">
        <h2>Surroundings</h2>
        <Field label="Time zone">
          <Choice label="Time zone" testid="zone" value={timeZone.value} options={zones.map((name) => [name, name] as const)} onChange={(value) => void (timeZone.value = value)} />
        </Field>
        <Field label="Pointer">
          <Choice label="Pointer" testid="pointer" value={touch.value === undefined ? "" : touch.value ? "touch" : "mouse"} options={POINTERS}
            onChange={(value) => void (touch.value = value === "" ? undefined : value === "touch")} />
        </Field>
        <Field label="Platform">
          <Choice label="Platform" testid="platform" value={platform.value ?? ""} options={[["", "As the host"] as const, ...PLATFORMS.map((name) => [name, name] as const)]}
            onChange={(value) => void (platform.value = value || undefined)} />
        </Field>
        <Toggle label="Safe areas of a phone" testid="insets" value={hasInsets.value} onChange={(value) => void (hasInsets.value = value)} />
        {container.value && <Toggle label="The container’s height is fixed" testid="fixed" value={isFixed.value} onChange={(value) => void (isFixed.value = value)} />}
        <h2>Faults</h2>
        <Field label="Answers come later by">
          <Choice label="Latency" testid="latency" value={String(faults.value.latency)} options={LATENCIES} onChange={(value) => set({ latency: Number(value) })} />
        </Field>
        <Toggle label="Calls of the view are never answered" testid="fault-missing" value={faults.value.isMissing} onChange={(isMissing) => set({ isMissing })} />
        <Toggle label="Calls of the view fail" testid="fault-fails" value={faults.value.fails} onChange={(fails) => set({ fails })} />
        <Toggle label="The view is removed while it calls" testid="fault-removed" value={faults.value.isRemoved} onChange={(isRemoved) => set({ isRemoved })} />
        <Toggle label="The view is mounted twice" testid="fault-twice" value={faults.value.isTwice} onChange={(isTwice) => set({ isTwice })} />
        <Toggle label="Links are denied" testid="fault-links" value={faults.value.deniesLinks} onChange={(deniesLinks) => set({ deniesLinks })} />
        {isFaulty.value && <button type="button" onClick={heal}>End all faults</button>}
      </div>
    </>
  );
};
