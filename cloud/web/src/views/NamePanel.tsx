// Asks for the name of something: of a new project, or another one for a project or a device that is there.

import { useEffect, useRef, useState } from 'preact/hooks';
import { reason } from '../failure.ts';
import { Panel } from '../Panel.tsx';

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
  const [failure, setFailure] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const save = async () => {
    try {
      await name(typed.trim());
      close();
    } catch (error) {
      setFailure(reason(error));
    }
  };
  return (
    <Panel heading={heading} close={close}>
      <form class="panel-form" onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}>
        <label>
          <span>Name</span>
          <input ref={field} required autocomplete="off" autocapitalize="off" spellcheck={false} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        {note && <p class="quiet">{note}</p>}
        {failure && <p class="failure" role="alert">{failure}</p>}
        <div class="panel-buttons">
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary">Save</button>
        </div>
      </form>
    </Panel>
  );
}
