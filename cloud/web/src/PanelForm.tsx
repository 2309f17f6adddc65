// A panel in which something is filled in and saved; what cannot be saved is said there.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { reason } from './failure.ts';
import { Panel } from './Panel.tsx';

interface Props {
  heading: string;
  /** Throws, or rejects, with what is wrong. */
  save: () => void | Promise<void>;
  close: () => void;
  children: ComponentChildren;
}

export function PanelForm({ heading, save, close, children }: Props) {
  const [failure, setFailure] = useState('');
  const submit = async () => {
    try {
      await save();
      close();
    } catch (error) {
      setFailure(reason(error));
    }
  };
  return (
    <Panel heading={heading} close={close}>
      <form class="panel-form" onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}>
        {children}
        {failure && <p class="failure" role="alert">{failure}</p>}
        <div class="panel-buttons">
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary">Save</button>
        </div>
      </form>
    </Panel>
  );
}
