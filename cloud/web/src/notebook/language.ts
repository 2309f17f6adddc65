// Languages of cells, and the words for them (docs/notebooks.md).

const WORDS: Record<string, readonly string[]> = {
  python: ['py', 'python3'],
  r: ['rlang'],
  julia: ['jl'],
  bash: ['sh', 'shell', 'zsh'],
  javascript: ['js', 'node'],
  typescript: ['ts'],
};

/** The languages that cells are written in by their normal names. */
export const LANGUAGES: readonly string[] = Object.keys(WORDS);

/** The normal name of the language that a word means; a word that nobody knows is its own name. */
export function languageOf(word: string): string {
  const lower = word.toLowerCase();
  const known = LANGUAGES.find((name) => name === lower || WORDS[name]!.includes(lower));
  return known ?? lower;
}

/** Whether a fence in that language is a cell. */
export function isCellLanguage(language: string): boolean {
  return LANGUAGES.includes(language);
}
