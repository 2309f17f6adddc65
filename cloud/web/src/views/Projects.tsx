// The first page: projects, and the documents of each.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Named } from '../documents/library.ts';
import { pathOf, split } from '../documents/paths.ts';
import { reason } from '../failure.ts';
import { Icon } from '../Icon.tsx';
import { Menu } from '../Menu.tsx';
import type { Place } from '../place.ts';
import { go } from '../route.ts';
import { Bar } from './Bar.tsx';
import { NodeCount } from './Devices.tsx';
import { Files } from './Files.tsx';
import { AddFiles } from './OtherFiles.tsx';

export function Projects({ place, signOut }: { place: Place; signOut: () => void }) {
  const projects = place.library.projects.value;
  const newProject = () => {
    const name = prompt('Name of the project')?.trim();
    if (name) place.library.newProject(name);
  };
  return (
    <>
      <Bar place={place} title="Projects" indicator={<NodeCount place={place} />}>
        <Menu label="More" actions={() => [
          { label: 'New project', act: newProject },
          { label: 'Devices', act: () => go({ view: 'devices' }) },
          { label: 'Sessions', act: () => go({ view: 'sessions' }) },
          { label: 'Sign out', act: signOut, danger: true },
        ]}>
          <Icon name="more" />
        </Menu>
      </Bar>
      <main class="page">
        {projects.map((project) => <Project key={project.id} place={place} project={project} />)}
        {projects.length === 0 && (
          <div class="empty">
            <p>{place.library.known.value || !place.isOnline ? 'There is no project yet.' : 'Looking for your projects…'}</p>
            <button type="button" class="button primary" onClick={newProject}>New project</button>
          </div>
        )}
      </main>
    </>
  );
}

function Project({ place, project }: { place: Place; project: Named }) {
  const tree = useMemo(() => place.library.files(project.id), [project.id]);
  useEffect(() => tree.close, [tree]);
  const [isMaking, setMaking] = useState(false);
  return (
    <section class="project" aria-labelledby={`project-${project.id}`}>
      <div class="project-head">
        <h2 id={`project-${project.id}`}>{project.name}</h2>
        <button type="button" class="button icon-button" aria-label={`New notebook in ${project.name}`} aria-expanded={isMaking} onClick={() => setMaking(!isMaking)}><Icon name="add" /></button>
      </div>
      {isMaking && <NewNotebook place={place} project={project} close={() => setMaking(false)} />}
      {isMaking && <AddFiles place={place} project={project} tree={tree} done={() => setMaking(false)} />}
      <Files place={place} project={project} tree={tree} />
    </section>
  );
}

function NewNotebook({ place, project, close }: { place: Place; project: Named; close: () => void }) {
  const [path, setPath] = useState('untitled.md');
  const [failure, setFailure] = useState('');
  const make = async () => {
    const bare = pathOf(path);
    const full = /\.\w+$/.test(bare) ? bare : `${bare}.md`;
    try {
      await place.library.newDocument(project.id, full, `# ${split(full).name.replace(/\.\w+$/, '')}\n\n\`\`\`python\n\n\`\`\`\n`);
      close();
      go({ view: 'document', project: project.name, path: full });
    } catch (error) {
      setFailure(reason(error));
    }
  };
  return (
    <form class="new-notebook" onSubmit={(event) => {
      event.preventDefault();
      void make();
    }}>
      <label>
        <span>Path of the notebook</span>
        <input required value={path} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => setPath(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button primary">Make</button>
      {failure && <p class="failure" role="alert">{failure}</p>}
    </form>
  );
}
