import { createServer } from 'node:http'

/**
 * The least that a server in Node can do for the same exchange: it parses the JSON of the request and serialises the
 * JSON that Doorward answered to it (`ANSWER`), each time. It verifies nothing. A GET gets the headers of forward-
 * auth's answer (`HEADERS`), and no body.
 */
const { PORT, ANSWER = '{}', HEADERS = '{}' } = process.env
const answer: unknown = JSON.parse(ANSWER)
const headers: Record<string, string> = JSON.parse(HEADERS)

createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { ...headers, 'content-length': 0 }).end()
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { credential } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const text = JSON.stringify(typeof credential === 'string' ? answer : null)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  })
}).listen(Number(PORT), '127.0.0.1')
