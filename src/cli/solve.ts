export async function solveCommand(_prompt: string, _o: unknown) {}
