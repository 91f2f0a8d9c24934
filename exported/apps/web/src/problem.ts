/** Something that the user can fix: what is wrong, and what to do about it. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly hint = "",
  ) {
    super(message);
    this.name = "Problem";
  }
}
