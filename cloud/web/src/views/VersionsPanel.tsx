// What a document was: its versions, and of one the difference to what it is now. One of them is restored.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Named } from '../documents/named.ts';
import { split } from '../documents/paths.ts';
import { stretchesBetween, Versions, type Stretch, type Version } from '../documents/versions.ts';
import { Icon } from '../Icon.tsx';
import { Panel } from '../Panel.tsx';
import type { Place } from '../place.ts';
import { restoreVersion } from './file-actions.ts';

/** Of a stretch that is as it is now, so many lines are shown at each end; more are folded. */
const CONTEXT = 3;

export function VersionsPanel({ place, file, close }: { place: Place; file: Named; close: () => void }) {
  const versions = useMemo(() => new Versions(place.library, place.assets, file.id), [file.id]);
  useEffect(() => () => versions.close(), [versions]);
  const [chosen, setChosen] = useState<Version | null>(null);
  // Where the focus goes when a version is left again.
  const last = useRef<Version | null>(null);
  const name = split(file.name).name;
  const choose = (version: Version) => setChosen((last.current = version));
  return (
    <Panel heading={`Versions of ${name}`} isWide close={close}>
      {chosen ? (
        <Shown place={place} file={file} versions={versions} version={chosen} back={() => setChosen(null)} close={close} />
      ) : (
        <List place={place} versions={versions} choose={choose} last={last.current} />
      )}
    </Panel>
  );
}

function List({ place, versions, choose, last }: { place: Place; versions: Versions; choose: (version: Version) => void; last: Version | null }) {
  const all = versions.all.value;
  const focused = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => focused.current?.focus(), []);
  if (all.length === 0) {
    const unknown = place.isOnline ? 'Looking for versions…' : 'The versions are not on this device.';
    return <p class="quiet">{versions.known.value ? 'No versions yet. One is kept when nobody has written for some minutes.' : unknown}</p>;
  }
  return (
    <ul class="versions">
      {all.map((version) => (
        <li key={`${version.at} ${version.asset}`}>
          <button type="button" class="version" ref={version.at === last?.at ? focused : undefined} onClick={() => choose(version)}>
            <time dateTime={new Date(version.at).toISOString()}>{timeOf(version)}</time>
            <span class="quiet">{sizeOf(version.size)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

interface ShownProps {
  place: Place;
  file: Named;
  versions: Versions;
  version: Version;
  back: () => void;
  close: () => void;
}

/** The texts that are compared; `then` is `null` where it is not within reach. */
interface Texts {
  now: string;
  then: string | null;
}

function Shown({ place, file, versions, version, back, close }: ShownProps) {
  const replica = useMemo(() => place.library.open(file.id), [file.id]);
  useEffect(() => () => place.library.close(file.id), [replica]);
  const [texts, setTexts] = useState<Texts | null>(null);
  const head = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => head.current?.focus(), []);
  useEffect(() => {
    let isGone = false;
    void Promise.all([replica.loaded, versions.text(version)]).then(([, then]) => {
      if (!isGone) setTexts({ now: replica.text.toString(), then });
    });
    return () => void (isGone = true);
  }, [replica, version, place.isOnline]);
  const stretches = useMemo(() => (texts?.then == null ? [] : stretchesBetween(texts.now, texts.then)), [texts]);
  const isSame = stretches.every(({ kind }) => kind === 'same');
  const restore = (then: string) => restoreVersion(place, versions, file, version, then).then((is) => is && close());
  return (
    <>
      <div class="version-head">
        <button ref={head} type="button" class="button icon-button" aria-label="Back to the versions" onClick={back}><Icon name="back" /></button>
        <h3><time dateTime={new Date(version.at).toISOString()}>{timeOf(version)}</time></h3>
        {texts?.then != null && !isSame && <button type="button" class="button primary" onClick={() => void restore(texts.then!)}>Restore</button>}
      </div>
      {!texts && <p class="quiet">Opening…</p>}
      {texts?.then === null && <p class="quiet">This version is not on this device.</p>}
      {texts?.then != null && <p class="quiet">{isSame ? 'The document is as it was then.' : 'Lines with + come back, lines with − go.'}</p>}
      <div class="difference" role="region" aria-label="The version and what differs now" tabIndex={0}>
        {stretches.map((stretch, at) => <StretchOf key={at} stretch={stretch} isFirst={at === 0} isLast={at === stretches.length - 1} />)}
      </div>
    </>
  );
}

function StretchOf({ stretch: { kind, lines }, isFirst, isLast }: { stretch: Stretch; isFirst: boolean; isLast: boolean }) {
  if (kind !== 'same') return <Lines kind={kind} lines={lines} />;
  const [head, tail] = [isFirst ? 0 : CONTEXT, isLast ? 0 : CONTEXT];
  if (lines.length <= head + tail + 1) return <Lines kind="same" lines={lines} />;
  const folded = lines.slice(head, lines.length - tail);
  return (
    <>
      <Lines kind="same" lines={lines.slice(0, head)} />
      <details open={isFirst && isLast}>
        <summary><span class="chevron"><Icon name="forward" /></span>{folded.length} lines as they are now</summary>
        <Lines kind="same" lines={folded} />
      </details>
      <Lines kind="same" lines={lines.slice(lines.length - tail)} />
    </>
  );
}

/** A sign before each line says what becomes of it; a screen reader is told at the first. */
function Lines({ kind, lines }: { kind: Stretch['kind']; lines: string[] }) {
  if (lines.length === 0) return null;
  const text = lines.map((line) => <span class="line">{line === '' ? '\u200b' : line}</span>);
  if (kind === 'comes') return <ins><span class="said">Comes back: </span>{text}</ins>;
  if (kind === 'goes') return <del><span class="said">Goes: </span>{text}</del>;
  return <div>{text}</div>;
}

function timeOf({ at }: Version): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
