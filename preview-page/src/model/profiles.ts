/** The host that is emulated. */

import { computed, effect, signal } from "@preact/signals";

import { host } from "../wire/host";
import type { Profile } from "../wire/types";
import { keep, wanted } from "./address";
import { about } from "./connection";

export const profiles = computed(() => about.value?.profiles ?? []);

/** The profile that the user chose; that of the host process before. */
const chosen = signal(wanted("profile"));

export const profile = computed<Profile | undefined>(() => {
  const named = (id: string | undefined) => profiles.value.find((one) => one.id === id);
  return named(chosen.value) ?? named(about.value?.profile) ?? profiles.value[0];
});

export const choose = (id: string) => void (chosen.value = id);

keep("profile", () => (profile.value && profile.value.id !== about.value?.profile ? profile.value.id : about.value ? undefined : chosen.value));

// The server sees the host that is emulated: its name, and what it can do.
let connected: string | undefined;
effect(() => {
  const id = profile.value?.id;
  connected ??= about.value?.profile;
  // Whoever takes a picture of a view leaves the connection to those who use it.
  if (id === undefined || id === connected || wanted("alone") !== undefined) return;
  connected = id;
  void host.connect({ profile: id }).catch(() => {});
});
