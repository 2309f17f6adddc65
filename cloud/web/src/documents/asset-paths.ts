// Links of documents to files: which file is meant, and how a link to one is written. Pure.

import { split } from './paths.ts';

/** Where files are that were added to a document, from its folder. */
export const ADDED = '_assets';

/** What a project's tree says of a file: `<id> <bytes> <media type>`, and perhaps what was there before. */
export interface AssetFile {
  asset: string;
  size: number;
  type: string;
}

export function readAssetFile(text: string): AssetFile | null {
  const found = /^([0-9a-f]{64}) (\d+) ([!-~]{1,128})(?: [0-9a-f,]+)?$/.exec(text);
  return found && { asset: found[1]!, size: Number(found[2]), type: found[3]! };
}

export function writeAssetFile({ asset, size, type }: AssetFile): string {
  const word = type.split(';')[0]!.trim();
  return `${asset} ${size} ${/^[!-~]{1,128}$/.test(word) ? word : 'application/octet-stream'}`;
}

/** A link's path from its document as a path of the project; `null` if it leads elsewhere. */
export function linkedPath(document: string, link: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:|^[/#?]/i.test(link)) return null;
  let plain: string;
  try {
    plain = decodeURIComponent(link.replace(/[?#].*$/, ''));
  } catch {
    return null;
  }
  const names = split(document).folder.split('/').filter((name) => name !== '');
  for (const name of plain.split('/')) {
    if (name === '..') {
      if (names.pop() === undefined) return null;
    } else if (name !== '' && name !== '.') names.push(name);
  }
  return names.length > 0 ? names.join('/') : null;
}

/** The id that a file's name is, before its ending. */
export function idOfName(path: string): string | null {
  return /^([0-9a-f]{64})(?:\.[^.]*)?$/.exec(split(path).name)?.[1] ?? null;
}

/** The ending of a file's name, as that of the file that it becomes. */
export function endingOf(name: string): string {
  return /\.[a-z0-9]{1,16}$/i.exec(name)?.[0].toLowerCase() ?? '';
}

/** A link to an added file: a picture if it is one. GitHub and others show it, since the path is relative. */
export function linkTo(label: string, asset: string, ending: string, isPicture: boolean): string {
  const shown = label.replace(/\s+/g, ' ').replace(/[\\[\]`*_<>&!~$|@#:]/g, '\\$&');
  return `${isPicture ? '!' : ''}[${shown}](${ADDED}/${asset}${ending})`;
}
