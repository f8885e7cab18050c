import type { Ingest, Storable } from '../../collector/intake/ingest.ts'

/** Submits a frame; resolves when it is on disk, rejects where it could not be stored. */
export function submit(ingest: Ingest, agent: number, frame: Storable): Promise<void> {
  return new Promise((stored, refused) => ingest.submit(agent, frame, { stored, refused }))
}
