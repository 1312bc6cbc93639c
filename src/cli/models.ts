export async function modelsCommand(_o: unknown) {}
