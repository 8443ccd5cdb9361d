/** An attempt, and what stands for it if it fails. */
export const attempt = <T>(what: () => T, otherwise?: T): T | undefined => {
  try {
    return what();
  } catch {
    return otherwise;
  }
};
