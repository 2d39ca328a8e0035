import type { AnnotationFormat } from '../../db/schema/annotation-imports.ts'
import { ArchiveFault, type ArchiveFile, unzippedTexts } from '../archives/unzip.ts'
import { importCoco } from './formats/coco.ts'
import { importCsv } from './formats/csv.ts'
import { importFunsd } from './formats/funsd.ts'
import { importLabelStudio } from './formats/label-studio.ts'
import { type ImportedSet, ImportFault } from './formats/model.ts'
import { importNative } from './formats/native.ts'
import { importYolo } from './formats/yolo.ts'

/** Of a file, unpacked; what is larger comes as lines. */
export const importBytesMax = 16 * 1024 * 1024
const archiveLimits = { files: 20_000, bytes: importBytesMax }

export type PageSize = { width: number; height: number }

const isText = (path: string): boolean =>
  /\.(?:txt|json)$/i.test(path) && !/(?:^|\/)(?:__MACOSX\/|\.)/.test(path)

/**
 * Reads a file of annotations.
 * @param pageSize in pixels, of pages whose format does not tell it (FUNSD)
 * @throws {ImportFault} naming the place that cannot be read
 */
export function readAnnotations(
  bytes: Uint8Array,
  { format, pageSize }: { format: AnnotationFormat; pageSize: PageSize | null },
): ImportedSet {
  switch (format) {
    case 'json':
      return importNative(decoded(bytes))
    case 'csv':
      return importCsv(decoded(bytes))
    case 'coco':
      return importCoco(decoded(bytes))
    case 'label_studio':
      return importLabelStudio(decoded(bytes))
    case 'yolo':
      return importYolo(archiveFiles(bytes))
    case 'funsd':
      return importFunsd(archiveFiles(bytes), () => pageSize)
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ImportFault('the file', 'is not valid UTF-8')
  }
}

function archiveFiles(bytes: Uint8Array): ArchiveFile[] {
  try {
    return withoutCommonFolder(unzippedTexts(bytes, { limits: archiveLimits, isWanted: isText }))
  } catch (err) {
    if (err instanceof ArchiveFault) throw new ImportFault('the archive', err.message)
    throw err
  }
}

/** Whoever packs a folder gets its name before all paths. */
function withoutCommonFolder(files: ArchiveFile[]): ArchiveFile[] {
  const folder = files[0]?.path.split('/', 1)[0] ?? ''
  const isCommon = files.every(({ path }) => path.startsWith(`${folder}/`))
  if (!isCommon || folder === 'labels' || files.length === 0) return files
  return files.map((file) => ({ ...file, path: file.path.slice(folder.length + 1) }))
}
