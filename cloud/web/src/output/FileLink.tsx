// A link to a file of the project: it is fetched when somebody wants it, and saved. It is never opened in the page's own origin.

import { useState } from 'preact/hooks';
import type { FetchFile } from './ValueOutput.tsx';

export function FileLink({ path, label, fetch }: { path: string; label: string; fetch: FetchFile }) {
  const [is, setIs] = useState<'here' | 'coming' | 'missing'>('here');
  const save = async () => {
    setIs('coming');
    const file = await fetch(path);
    setIs(file ? 'here' : 'missing');
    if (!file) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([file], { type: 'application/octet-stream' }));
    link.download = label.slice(label.lastIndexOf('/') + 1);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  return (
    <button type="button" class="file-link" disabled={is === 'coming'} onClick={() => void save()}>
      {label}
      {is === 'coming' && <span class="missing"> is being fetched…</span>}
      {is === 'missing' && <span class="missing"> is not on this device</span>}
    </button>
  );
}
