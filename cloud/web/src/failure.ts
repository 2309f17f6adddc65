// What is said of an error to people.

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
