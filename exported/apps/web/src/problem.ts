/** Something that the user can mend: what is wrong, and what to do about it. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly mend = "",
  ) {
    super(message);
    this.name = "Problem";
  }
}
