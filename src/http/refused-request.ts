import type { Problem } from './problem.ts'

/** Thrown where a request is refused outside its route: in a hook, or while its body is parsed. */
export class RefusedRequest extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}
