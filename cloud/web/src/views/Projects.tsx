// The first page: projects, and the documents of each.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Named } from '../documents/named.ts';
import { pathOf, split } from '../documents/paths.ts';
import { reason } from '../failure.ts';
import { Icon } from '../Icon.tsx';
import { hideHint, install, isByHand, isHintHidden } from '../install.ts';
import { Menu } from '../Menu.tsx';
import type { Place } from '../place.ts';
import { go } from '../route.ts';
import { Bar, LastSync } from './Bar.tsx';
import { NodeCount } from './Devices.tsx';
import { discardProjects, removeProject, renameProject, restoreProject } from './file-actions.ts';
import { Files } from './Files.tsx';
import { AddFiles } from './OtherFiles.tsx';
import { NamePanel } from './NamePanel.tsx';

export function Projects({ place, signOut }: { place: Place; signOut: () => void }) {
  const projects = place.library.projects.all.value;
  const [isMaking, setMaking] = useState(false);
  const newProject = () => setMaking(true);
  return (
    <>
      <Bar place={place} title="Projects" indicator={<NodeCount place={place} />}>
        <Menu label="More" actions={() => [
          { label: 'New project', act: newProject },
          { label: 'Devices', act: () => go({ view: 'devices' }) },
          { label: 'Sessions', act: () => go({ view: 'sessions' }) },
          ...(install.value ? [{ label: 'Install the app', act: install.value }] : []),
          { label: 'Sign out', act: signOut, danger: true },
        ]}>
          <Icon name="more" />
        </Menu>
      </Bar>
      <main class="page">
        <LastSync place={place} />
        {projects.map((project) => <Project key={project.id} place={place} project={project} />)}
        {projects.length === 0 && (
          <div class="empty">
            <p>{place.library.projects.known.value || !place.isOnline ? 'There is no project yet.' : 'Looking for your projects…'}</p>
            <button type="button" class="button primary" onClick={newProject}>New project</button>
          </div>
        )}
        <DeletedProjects place={place} />
        <InstallHint />
      </main>
      {isMaking && <NamePanel heading="New project" name={(name) => void place.library.projects.add(name)} close={() => setMaking(false)} />}
    </>
  );
}

/** Says that the app can be installed, until somebody does not want to know it. */
function InstallHint() {
  const act = install.value;
  if (isHintHidden.value || (!act && !isByHand)) return null;
  return (
    <aside class="hint" aria-label="Installing the app">
      <p>{act ? 'Installed, Wayfare has a window of its own and opens without a connection.' : 'To install Wayfare: Share, then Add to Home Screen.'}</p>
      {act && <button type="button" class="button" onClick={act}>Install</button>}
      <button type="button" class="button icon-button" aria-label="Hide" onClick={hideHint}><Icon name="close" /></button>
    </aside>
  );
}

function Project({ place, project }: { place: Place; project: Named }) {
  const tree = useMemo(() => place.library.files(project.id), [project.id]);
  useEffect(() => tree.close, [tree]);
  const [isMaking, setMaking] = useState(false);
  const [isNaming, setNaming] = useState(false);
  return (
    <section class="project" aria-labelledby={`project-${project.id}`}>
      <div class="project-head">
        <h2 id={`project-${project.id}`}>{project.name}</h2>
        <button type="button" class="button icon-button" aria-label={`New notebook in ${project.name}`} aria-expanded={isMaking} onClick={() => setMaking(!isMaking)}><Icon name="add" /></button>
        <Menu label={`Actions of ${project.name}`} actions={() => [
          { label: 'Rename', act: () => setNaming(true) },
          { label: 'Delete', act: () => removeProject(place, project), danger: true },
        ]}><Icon name="more" /></Menu>
      </div>
      {isMaking && <NewNotebook place={place} project={project} close={() => setMaking(false)} />}
      {isMaking && <AddFiles place={place} project={project} tree={tree} done={() => setMaking(false)} />}
      <Files place={place} project={project} tree={tree} />
      {isNaming && (
        <NamePanel heading={`Rename ${project.name}`} given={project.name} note="Sessions are named by their project: cells run in new ones from then on."
          name={(name) => renameProject(place, project, name)} close={() => setNaming(false)} />
      )}
    </section>
  );
}

function DeletedProjects({ place }: { place: Place }) {
  const projects = place.library.projects.trash.value;
  if (projects.length === 0) return null;
  return (
    <details class="trash">
      <summary><span class="chevron"><Icon name="forward" /></span>Deleted projects ({projects.length})</summary>
      <ul class="files">
        {projects.map((project) => (
          <li key={project.id} class="file-row">
            <span class="file">{project.name}</span>
            <button type="button" class="button" aria-label={`Restore the project ${project.name}`} onClick={() => restoreProject(place, project)}>Restore</button>
          </li>
        ))}
      </ul>
      <button type="button" class="button plain danger" onClick={() => discardProjects(place, projects)}>Delete for good</button>
    </details>
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
