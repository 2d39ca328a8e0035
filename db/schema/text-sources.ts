/** Where a page's text comes from: the file's own text, recognition of the page's picture, or both. */
export const textChoices = ['text_layer', 'ocr', 'mixed'] as const
export type TextChoice = (typeof textChoices)[number]

/** Why. */
export const textReasons = [
  'has_text',
  'blank', // nothing is drawn on it
  'image', // an image file has no text of its own
  'no_text', // something is drawn, and no text
  'garbled_text', // the text layer says what nobody could read
  'little_text_and_a_large_image',
  'nothing_recognized', // its picture was read, and no word was found
  'ocr_off', // its picture should be read, and recognition is switched off
  'over_ocr_page_limit', // likewise, and more pages of the document come before it than may be read
  'pages_differ', // of a document: its pages have several reasons
] as const
export type TextReason = (typeof textReasons)[number]
