// The sounds of a desk, made by WebAudio: no files. A browser makes them only after a person has pressed something.
let context;

// Whether this page may sound; asks the browser to let it.
export async function unlock() {
  context ??= new AudioContext();
  if (context.state !== "running") {
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  return context.state === "running";
}

// Two soft notes; when `red`, four loud ones that rise.
export function ring(red) {
  if (context?.state !== "running") return false;
  const notes = red ? [880, 1175, 880, 1175] : [660, 880];
  notes.forEach((pitch, place) => note(pitch, context.currentTime + place * 0.28, red ? 0.6 : 0.2));
  return true;
}

function note(pitch, at, loudness) {
  const [sound, volume] = [context.createOscillator(), context.createGain()];
  sound.frequency.value = pitch;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(loudness, at + 0.03);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.24);
  sound.connect(volume).connect(context.destination);
  sound.start(at);
  sound.stop(at + 0.25);
}
