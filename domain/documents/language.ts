const sampleCharactersMax = 20_000
const lettersMin = 40 // below this a guess is a coin toss
const stopWordShareMin = 0.08 // running text of the right language has 0.2 and more

const scripts: readonly (readonly [language: string, pattern: RegExp])[] = [
  ['ja', /[\p{sc=Hiragana}\p{sc=Katakana}]/gu],
  ['ko', /\p{sc=Hangul}/gu],
  ['zh', /\p{sc=Han}/gu],
  ['ar', /\p{sc=Arabic}/gu],
  ['he', /\p{sc=Hebrew}/gu],
  ['ru', /\p{sc=Cyrillic}/gu],
  ['el', /\p{sc=Greek}/gu],
  ['th', /\p{sc=Thai}/gu],
  ['hi', /\p{sc=Devanagari}/gu],
]

const stopWords: Readonly<Record<string, ReadonlySet<string>>> = {
  en: wordSet('the of and to in is that for with as are this be on by from it which an not was'),
  de: wordSet(
    'der die und das den von zu mit ist ein eine nicht auf für im sich des dem auch es als',
  ),
  fr: wordSet('le la les des et de un une est dans que pour qui sur pas au du par ce avec sont'),
  es: wordSet('el la los las de y en que un una por con para es se del al como más no su'),
  it: wordSet('il la di e che in un una per con non è del della si dei sono gli le da al'),
  pt: wordSet('o a os as de e do da em que um uma para com não por se dos no na mais'),
  la: wordSet('et in ut ad non est cum sed qui quod ex ab dolor at vero eos no ea ac si atque'),
  nl: wordSet('de het een en van in is dat op te voor met niet zijn aan er door bij ook als'),
}

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(' '))
}

/**
 * A small guess at the language of a text, by script and by stop words.
 * @returns an ISO 639-1 code, or `null` when the text is too short or looks like none we know
 */
export function guessLanguage(text: string): string | null {
  const sample = text.slice(0, sampleCharactersMax)
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  if (letters < lettersMin) return null
  for (const [language, pattern] of scripts) {
    // A third: Japanese mixes kana with Han, and any text may quote Latin names.
    if ((sample.match(pattern)?.length ?? 0) > letters / 3) return language
  }
  return byStopWords(sample)
}

function byStopWords(sample: string): string | null {
  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? []
  const shares = Object.entries(stopWords).map(([language, known]) => {
    return { language, share: words.filter((word) => known.has(word)).length / words.length }
  })
  const best = shares.reduce((a, b) => (b.share > a.share ? b : a))
  return best.share >= stopWordShareMin ? best.language : null
}
