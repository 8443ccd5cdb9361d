/** The host that is emulated. */

import { computed, signal } from "@preact/signals";

import type { Profile } from "../wire/types";
import { about } from "./connection";
import { wanted } from "./address";

export const profiles = computed(() => about.value?.profiles ?? []);

/** The profile that the user chose; that of the host process before. */
const chosen = signal(wanted("profile"));

export const profile = computed<Profile | undefined>(() => {
  const named = (id: string | undefined | null) => profiles.value.find((one) => one.id === id);
  return named(chosen.value) ?? named(about.value?.profile) ?? profiles.value[0];
});

export const choose = (id: string) => void (chosen.value = id);
