// Signing in: this browser becomes a device of the mesh by a pairing string, a link, or its bare code.

import { lazy, Suspense } from 'preact/compat';
import { useState } from 'preact/hooks';
import { reason } from '../failure.ts';
import { suggestedName } from '../identity.ts';

const ScanPanel = lazy(() => import('./ScanPanel.tsx').then((m) => m.ScanPanel));

interface Props {
  /** From the link by which the page was opened; may be empty. */
  pairing: string;
  /** Why somebody has to sign in again; may be empty. */
  why: string;
  pair: (pairing: string, name: string) => Promise<void>;
}

export function SignIn({ pairing: given, why, pair }: Props) {
  const [pairing, setPairing] = useState(given);
  const [name, setName] = useState(suggestedName(navigator.userAgent));
  const [failure, setFailure] = useState(why);
  const [isBusy, setBusy] = useState(false);
  const [isScanning, setScanning] = useState(false);
  const submit = async () => {
    setBusy(true);
    setFailure('');
    try {
      await pair(pairing.trim(), name.trim());
    } catch (error) {
      setFailure(reason(error));
    }
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}>
        <img src="/icons/icon.svg" alt="" width="64" height="64" />
        <h1>Wayfare</h1>
        <p>Your notebooks, on whichever of your devices can run them. Pair this browser with your mesh.</p>
        <label>
          <span>Pairing code or link</span>
          <input required value={pairing} autocomplete="off" autocapitalize="off" spellcheck={false} placeholder="wayfare://…" onInput={(event) => setPairing(event.currentTarget.value)} />
        </label>
        {'mediaDevices' in navigator && <button type="button" class="button" onClick={() => setScanning(true)}>Scan a QR code</button>}
        <p class="quiet">On the server, <code>wayfare-cloud pair --qr</code> prints the code and the link.</p>
        <label>
          <span>Name of this device</span>
          <input required maxLength={64} value={name} autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        {failure && <p class="failure" role="alert">{failure}</p>}
        <button type="submit" class="button primary" disabled={isBusy}>{isBusy ? 'Pairing…' : 'Pair'}</button>
      </form>
      {isScanning && (
        <Suspense fallback={null}>
          <ScanPanel close={() => setScanning(false)} found={(scanned) => {
            setPairing(scanned);
            setFailure('');
            setScanning(false);
          }} />
        </Suspense>
      )}
    </main>
  );
}
