// Where documents are: the part of a mesh that a library needs.

import type { DocumentChannel } from '../mesh/interface.ts';

export type { DocumentChannel };

export interface DocumentHome {
  document(id: string): DocumentChannel;
}
