// Scans the code that a server shows for pairing. The camera is asked for when this is opened, and let go when it is closed.

import { useEffect, useRef, useState } from 'preact/hooks';
import { Panel } from '../Panel.tsx';
import { pairingOf } from '../scan/pairing-of.ts';
import { qrReader } from '../scan/reader.ts';

/** Milliseconds between two looks at the picture. */
const LOOK_MS = 150;

export function ScanPanel({ found, close }: { found: (pairing: string) => void; close: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [words, setWords] = useState('Waiting for the camera…');
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    let isOver = false;
    let camera: MediaStream | null = null;
    const scan = async () => {
      camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
      if (isOver) return letGo(camera);
      const picture = video.current!;
      picture.srcObject = camera;
      await picture.play();
      const read = await qrReader();
      setWords('Hold the code before the camera.');
      while (!isOver) {
        const text = await read(picture);
        if (isOver) return;
        const pairing = text === null ? null : pairingOf(text);
        if (pairing !== null) return found(pairing);
        if (text !== null) setWords('This code is not one for pairing.');
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    };
    scan().catch((error: unknown) => {
      if (isOver) return;
      setFailed(true);
      setWords(whyNot(error));
    });
    return () => {
      isOver = true;
      if (camera) letGo(camera);
    };
  }, []);
  return (
    <Panel heading="Scan the code" close={close}>
      <video ref={video} class="camera" muted playsInline hidden={hasFailed} aria-label="Picture of the camera" />
      <p role="status" class={hasFailed ? 'failure' : 'quiet'}>{words}</p>
    </Panel>
  );
}

function letGo(camera: MediaStream): void {
  for (const track of camera.getTracks()) track.stop();
}

function whyNot(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  const why = name === 'NotAllowedError' ? 'The camera may not be used here.' : name === 'NotFoundError' ? 'There is no camera.' : 'The camera cannot be used.';
  return `${why} Type the code, or paste the link.`;
}
