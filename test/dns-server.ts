import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

/** Records of a name: addresses, or null for a query that is never answered. */
export type DnsRecords = (name: string, type: 'A' | 'AAAA') => readonly string[] | null

const TYPES = new Map([
  [1, 'A'],
  [28, 'AAAA'],
] as const)

/** A DNS server on the loopback interface, over UDP. Names without addresses get an empty answer. */
export async function openDnsServer(
  records: DnsRecords,
): Promise<{ address: string; asked: string[]; close(): void }> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (question, { port, address }) => {
    const { name, end } = nameAt(question)
    const type = TYPES.get(question.readUInt16BE(end) as 1 | 28)
    if (type === undefined) return
    asked.push(`${type} ${name}`)
    const found = records(name.toLowerCase(), type)
    if (found !== null) socket.send(answerTo(question, end + 4, found), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    close: () => socket.close(),
  }
}

function nameAt(question: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('ascii', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.'), end: at + 1 }
}

/** RFC 1035 §4.1: the header, the question as received, and the addresses, whose name points to the question's. */
function answerTo(question: Buffer, questionEnd: number, addresses: readonly string[]): Buffer {
  const header = Buffer.from(question.subarray(0, 12))
  header.writeUInt16BE(0x81_80, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const answers = addresses.map((address) => {
    const data = bytesOf(address)
    const head = Buffer.from([0xc0, 12, 0, data.length === 4 ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, data.length])
    return Buffer.concat([head, data])
  })
  return Buffer.concat([header, question.subarray(12, questionEnd), ...answers])
}

function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const [left = [], right = []] = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const groups = address.includes('::') ? [...left, ...zeros, ...right] : left
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, '0'), 'hex')))
}
