import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { PDFiumModule } from '@hyzyla/pdfium'
import { ExtractionFailure } from './protocol.ts'

type Call = (...args: number[]) => number

/** The part of PDFium's C interface (fpdfview.h, fpdf_text.h, fpdf_doc.h, fpdf_edit.h, fpdf_annot.h) that we use. Handles are addresses. */
type Native = {
  HEAPU8: Uint8Array // all views are replaced whenever the memory grows: never keep one
  HEAPF32: Float32Array
  HEAPF64: Float64Array
  wasmExports: { malloc: Call; free: Call }
  _FPDF_InitLibrary: Call
  _FPDF_LoadMemDocument: Call
  _FPDF_GetLastError: Call
  _FPDF_GetPageCount: Call
  _FPDF_GetMetaText: Call
  _FPDF_CloseDocument: Call
  _FPDF_LoadPage: Call
  _FPDF_ClosePage: Call
  _FPDF_GetPageWidthF: Call
  _FPDF_GetPageHeightF: Call
  _FPDF_GetPageBoundingBox: Call
  _FPDF_PageToDevice: Call
  _FPDF_RenderPageBitmap: Call
  _FPDFPage_CountObjects: Call
  _FPDFPage_GetAnnotCount: Call
  _FPDFPage_GetObject: Call
  _FPDFPageObj_GetType: Call
  _FPDFPageObj_GetBounds: Call
  _FPDFFormObj_CountObjects: Call
  _FPDFFormObj_GetObject: Call
  _FPDFBitmap_CreateEx: Call
  _FPDFBitmap_FillRect: Call
  _FPDFBitmap_Destroy: Call
  _FPDFText_LoadPage: Call
  _FPDFText_ClosePage: Call
  _FPDFText_CountChars: Call
  _FPDFText_GetUnicode: Call
  _FPDFText_GetCharBox: Call
  _FPDFText_GetLooseCharBox: Call
  _FPDFText_IsHyphen: Call
}

export type Pdfium = { native: Native; scratch: number }

const scratchBytes = 64 // four doubles, the widest result of any call
const openErrors: Record<number, [code: 'encrypted' | 'unsupported', message: string]> = {
  4: ['encrypted', 'The document is protected by a password that was not given or is wrong.'],
  5: ['unsupported', 'The document is protected by a method that is not supported.'],
}

export async function loadPdfium(): Promise<Pdfium> {
  const native = (await PDFiumModule({})) as unknown as Native
  native._FPDF_InitLibrary()
  return { native, scratch: native.wasmExports.malloc(scratchBytes) }
}

/** An open document and how to give its memory back. */
export type OpenPdf = { document: number; close(): void }

/**
 * Opens a PDF straight into the engine's memory: the one copy of the file.
 * @throws {ExtractionFailure} `encrypted`, `unsupported`, `damaged` or `out_of_memory`
 */
export function openPdf({ native }: Pdfium, path: string, password: string | null): OpenPdf {
  const { address, bytes } = readIntoMemory(native, path)
  const secret = new TextEncoder().encode(`${password ?? ''}\0`)
  const secretAddress = native.wasmExports.malloc(secret.length)
  native.HEAPU8.set(secret, secretAddress)
  const document = native._FPDF_LoadMemDocument(address, bytes, secretAddress)
  native.HEAPU8.fill(0, secretAddress, secretAddress + secret.length)
  native.wasmExports.free(secretAddress)
  if (document !== 0) {
    const close = () => {
      native._FPDF_CloseDocument(document)
      native.wasmExports.free(address)
    }
    return { document, close }
  }
  native.wasmExports.free(address)
  const [code, message] = openErrors[native._FPDF_GetLastError()] ?? [
    'damaged' as const,
    'The file is damaged: it cannot be opened as a PDF.',
  ]
  throw new ExtractionFailure(code, message)
}

function readIntoMemory(native: Native, path: string): { address: number; bytes: number } {
  const file = openSync(path, 'r')
  try {
    const bytes = fstatSync(file).size
    const address = native.wasmExports.malloc(bytes)
    if (address === 0)
      throw new ExtractionFailure('out_of_memory', 'The file is too large to open.')
    let done = 0
    while (done < bytes) {
      const read = readSync(file, native.HEAPU8, address + done, bytes - done, done)
      if (read === 0) throw new ExtractionFailure('damaged', 'The file is shorter than announced.')
      done += read
    }
    return { address, bytes }
  } finally {
    closeSync(file)
  }
}

/** An entry of the document's information dictionary, trimmed, or `null`. */
export function metaText({ native }: Pdfium, document: number, tag: string): string | null {
  const name = new TextEncoder().encode(`${tag}\0`)
  const nameAddress = native.wasmExports.malloc(name.length)
  native.HEAPU8.set(name, nameAddress)
  const bytes = native._FPDF_GetMetaText(document, nameAddress, 0, 0)
  const address = native.wasmExports.malloc(bytes + 2)
  native._FPDF_GetMetaText(document, nameAddress, address, bytes)
  const end = Math.max(address, address + bytes - 2) // without the final NUL
  const text = new TextDecoder('utf-16le').decode(native.HEAPU8.slice(address, end))
  native.wasmExports.free(nameAddress)
  native.wasmExports.free(address)
  return text.trim() === '' ? null : text.trim()
}

type Four = [number, number, number, number]

/** Four doubles that the last call left in the scratch memory. */
export function scratchDoubles({ native: { HEAPF64 }, scratch }: Pdfium): Four {
  const at = scratch / 8
  return [HEAPF64[at] ?? 0, HEAPF64[at + 1] ?? 0, HEAPF64[at + 2] ?? 0, HEAPF64[at + 3] ?? 0]
}

/** Four floats, likewise. */
export function scratchFloats({ native: { HEAPF32 }, scratch }: Pdfium): Four {
  const at = scratch / 4
  return [HEAPF32[at] ?? 0, HEAPF32[at + 1] ?? 0, HEAPF32[at + 2] ?? 0, HEAPF32[at + 3] ?? 0]
}

/** Where a point of the page stands on a square device of this many pixels a side, after rotation and crop. */
export function toDevice(pdfium: Pdfium, page: number, side: number, x: number, y: number) {
  const { native, scratch } = pdfium
  native._FPDF_PageToDevice(page, 0, 0, side, side, 0, x, y, scratch, scratch + 4)
  const view = new DataView(native.HEAPU8.buffer, scratch, scratchBytes)
  return { x: view.getInt32(0, true) / side, y: view.getInt32(4, true) / side }
}
