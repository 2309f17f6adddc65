// What a notebook says about its sessions, and which session each cell goes to (docs/notebooks.md).

import type { Cell, Notebook } from './document.ts';
import { languageOf } from './language.ts';

export interface LanguageSettings {
  name?: string;
  cwd?: string;
  venv?: string;
  kernel?: string;
}

export interface Needs {
  gpu?: boolean;
  memoryBytes?: number;
  tags?: string[];
}

export interface Settings {
  project: string | null;
  session: string | null;
  languages: Record<string, LanguageSettings>;
  needs: string[];
}

/** The session of a cell by its two names. */
export interface SessionName {
  project: string;
  name: string;
}

/** A front matter, a session's name or a need that is none, and why. */
export class SettingsError extends Error {}

const NOTHING: Settings = { project: null, session: null, languages: {}, needs: [] };

/** Reads the front matter. Throws a `SettingsError` if it is not as documented. */
export async function settingsOf(notebook: Notebook): Promise<Settings> {
  if (!notebook.frontMatter) return NOTHING;
  const { yaml } = notebook.frontMatter;
  const { parse } = await import('yaml');
  let read: unknown;
  try {
    read = parse(notebook.text.slice(yaml.from, yaml.to));
  } catch (error) {
    throw new SettingsError(`front matter: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (read === null || read === undefined) return NOTHING;
  if (!isMap(read)) throw new SettingsError('front matter: write keys and values');
  const settings: Settings = { ...NOTHING, project: text(read['project']), languages: {} };
  const { session, needs } = read;
  if (isMap(session)) {
    for (const [word, value] of Object.entries(session)) {
      const one = languageSettings(value);
      if (word === 'default') settings.session = one.name ?? null;
      else settings.languages[languageOf(word)] = one;
    }
  } else {
    settings.session = text(session);
  }
  settings.needs = (Array.isArray(needs) ? needs : [needs]).flatMap((need) => text(need) ?? []);
  return settings;
}

function languageSettings(value: unknown): LanguageSettings {
  if (!isMap(value)) return { name: text(value) ?? undefined };
  const one: LanguageSettings = {};
  for (const key of ['name', 'cwd', 'venv', 'kernel'] as const) {
    const found = text(value[key]);
    if (found !== null) one[key] = found;
  }
  return one;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The session of a cell. `project` is the name of the project that the document is in. */
export function sessionOf(settings: Settings, cell: Cell, project: string): SessionName {
  const name = cell.session ?? settings.languages[cell.language]?.name ?? settings.session ?? 'main';
  const [first, second] = name.split(':');
  const found = second === undefined ? { project: settings.project ?? fit(project), name } : { project: first!, name: second };
  for (const part of [found.project, found.name]) {
    if (!/^[\p{Alphabetic}\p{N}_.-]{1,64}$/u.test(part)) {
      throw new SettingsError(`"${part}" cannot stand in a session's name: 1 to 64 letters, digits, '-', '_' or '.'`);
    }
  }
  return found;
}

/** A project's name made fit to stand in a session's name. */
function fit(project: string): string {
  return [...project].slice(0, 64).map((c) => (/[\p{Alphabetic}\p{N}_.-]/u.test(c) ? c : '-')).join('') || 'root';
}

const UNITS: Record<string, number> = {
  '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40,
};

/** What a cell and its notebook ask of the device. Throws a `SettingsError` that names a word which is no need. */
export function needsOf(settings: Settings, cell: Cell): Needs {
  const own = cell.attributes.filter((word) => word.startsWith('needs=')).map((word) => word.slice(6).replace(/^["']|["']$/g, ''));
  const needs: Needs = {};
  for (const word of [...settings.needs, ...own].flatMap((words) => words.split(',')).map((word) => word.trim())) {
    const [kind, value] = [word.split(':')[0]!.trim(), word.includes(':') ? word.slice(word.indexOf(':') + 1).trim() : ''];
    const amount = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value);
    const unit = amount && UNITS[amount[2]!.toLowerCase()];
    if (word === 'gpu') needs.gpu = true;
    else if (kind === 'memory' && amount && unit && Number(amount[1]) * unit >= 1) {
      needs.memoryBytes = Math.max(needs.memoryBytes ?? 0, Math.floor(Number(amount[1]) * unit));
    } else if (kind === 'tag' && value !== '') needs.tags = [...new Set([...(needs.tags ?? []), value])].sort();
    else throw new SettingsError(`"${word}" is not a need: write gpu, memory:16GiB or tag:NAME, with commas between`);
  }
  return needs;
}
