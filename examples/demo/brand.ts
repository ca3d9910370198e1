import { deflateSync } from 'node:zlib'
import { encodePng } from './palette-png.ts'

/** The made-up provider, as its pages show it. */
export function demoBranding() {
  return {
    product_name: 'Tidewater',
    accent_color: '#0b5cad',
    logo: drawLogo().toString('base64'),
    support_url: 'mailto:help@tidewater.example',
    privacy_url: 'https://tidewater.example/privacy',
    terms_url: 'https://tidewater.example/terms',
  }
}

const SIDE = 128
const CORNER = 30
/** Samples of a pixel along each side: smooth edges. */
const SAMPLES = 4
const GROUND = [11, 92, 173] as const
/** Heights of two waves, and how thick they are. */
const WAVES = [50, 82]
const THICKNESS = 13

/** Draws a PNG: a rounded square with two waves. */
function drawLogo(): Buffer {
  const rows = Buffer.alloc(SIDE * (1 + SIDE * 4))
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      let [inside, white] = [0, 0]
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const at = [x + offset(sample % SAMPLES), y + offset(Math.floor(sample / SAMPLES))] as const
        if (!isInSquare(...at)) continue
        inside += 1
        if (isInWave(...at)) white += 1
      }
      const share = inside === 0 ? 0 : white / inside
      const color = GROUND.map((channel) => Math.round(channel + (255 - channel) * share))
      const alpha = Math.round((255 * inside) / SAMPLES ** 2)
      // The first byte of a row is its filter: none.
      rows.set([...color, alpha], y * (1 + SIDE * 4) + 1 + x * 4)
    }
  const rgba = 6
  return encodePng({ width: SIDE, height: SIDE, colorType: rgba }, [
    ['IDAT', deflateSync(rows, { level: 9 })],
  ])
}

function offset(sample: number): number {
  return (sample + 0.5) / SAMPLES
}

function isInSquare(x: number, y: number): boolean {
  const [dx, dy] = [x, y].map((at) => Math.max(CORNER - at, at - (SIDE - CORNER), 0)) as [number, number]
  return dx * dx + dy * dy <= CORNER * CORNER
}

function isInWave(x: number, y: number): boolean {
  if (x < 20 || x > SIDE - 20) return false
  return WAVES.some((height) => Math.abs(y - height - 9 * Math.sin((x - 20) / 14)) <= THICKNESS / 2)
}
