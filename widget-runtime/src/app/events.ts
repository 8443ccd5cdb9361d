/** Events whose last value is told to those who come late. */

export type Listener = (value: any) => unknown;

export interface Emitter {
  on(event: string, listener: Listener): () => void;
  /** Tells everybody, each in a microtask; the promise is that of what they return. */
  emit(event: string, value: unknown): Promise<unknown>;
}

export const events = (): Emitter => {
  const told = new Map<string, Promise<unknown>>();
  const listeners = new Set<[string, Listener]>();
  // A listener that fails is reported by the browser, and keeps nobody else from hearing.
  const tell = (entry: [string, Listener], value?: Promise<unknown>) =>
    value?.then((value) => listeners.has(entry) && entry[1](value));
  return {
    on(event, listener) {
      const entry: [string, Listener] = [event, listener];
      listeners.add(entry);
      tell(entry, told.get(event));
      return () => void listeners.delete(entry);
    },
    emit(event, value) {
      const promise = Promise.resolve(value);
      told.set(event, promise);
      return Promise.all([...listeners].map((entry) => entry[0] === event && tell(entry, promise)));
    },
  };
};
