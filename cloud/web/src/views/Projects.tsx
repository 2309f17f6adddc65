// The first page: projects, and the documents of each.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Named } from '../documents/library.ts';
import { Icon } from '../Icon.tsx';
import { Link } from '../Link.tsx';
import { Menu } from '../Menu.tsx';
import type { Place } from '../place.ts';
import { go } from '../route.ts';
import { Bar } from './Bar.tsx';
import { NodeCount } from './Devices.tsx';

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
  const files = tree.files.value;
  return (
    <section class="project" aria-labelledby={`project-${project.id}`}>
      <div class="project-head">
        <h2 id={`project-${project.id}`}>{project.name}</h2>
        <button type="button" class="button icon-button" aria-label={`New notebook in ${project.name}`} aria-expanded={isMaking} onClick={() => setMaking(!isMaking)}><Icon name="add" /></button>
      </div>
      {isMaking && <NewNotebook place={place} project={project} close={() => setMaking(false)} />}
      <ul class="files">
        {files.map((file) => <li key={file.id}><File project={project.name} path={file.name} /></li>)}
      </ul>
      {files.length === 0 && <p class="quiet">{tree.known.value ? 'No documents yet.' : 'Not read yet.'}</p>}
    </section>
  );
}

function File({ project, path }: { project: string; path: string }) {
  const slash = path.lastIndexOf('/') + 1;
  return (
    <Link class="file" to={{ view: 'document', project, path }}>
      <Icon name="file" />
      <span><span class="quiet">{path.slice(0, slash)}</span>{path.slice(slash)}</span>
    </Link>
  );
}

function NewNotebook({ place, project, close }: { place: Place; project: Named; close: () => void }) {
  const [path, setPath] = useState('untitled.md');
  const make = async () => {
    const full = /\.\w+$/.test(path) ? path : `${path}.md`;
    const title = full.split('/').pop()!.replace(/\.\w+$/, '');
    await place.library.newDocument(project.id, full, `# ${title}\n\n\`\`\`python\n\n\`\`\`\n`);
    close();
    go({ view: 'document', project: project.name, path: full });
  };
  return (
    <form class="new-notebook" onSubmit={(event) => {
      event.preventDefault();
      void make();
    }}>
      <label>
        <span>Path of the notebook</span>
        <input required value={path} pattern="[^/].*[^/]" autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => setPath(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button primary">Make</button>
    </form>
  );
}
