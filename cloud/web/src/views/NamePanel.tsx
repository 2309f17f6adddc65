// Asks for the name of something: of a new project, or another one for a project or a device that is there.

import { useEffect, useRef, useState } from 'preact/hooks';
import { PanelForm } from '../PanelForm.tsx';

interface Props {
  heading: string;
  /** The name that it has. */
  given?: string;
  /** What is to be known before. */
  note?: string;
  /** Throws, or rejects, where it cannot have that name. */
  name: (name: string) => void | Promise<void>;
  close: () => void;
}

export function NamePanel({ heading, given = '', note, name, close }: Props) {
  const [typed, setTyped] = useState(given);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  return (
    <PanelForm heading={heading} save={() => name(typed.trim())} close={close}>
      <label>
        <span>Name</span>
        <input ref={field} required autocomplete="off" autocapitalize="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      {note && <p class="quiet">{note}</p>}
    </PanelForm>
  );
}
