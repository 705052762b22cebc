// Package pack makes node classes of programs: a folder with a manifest names a command, which oneactor starts and talks to over its standard
// input and output, a JSON object on each line. docs/nodes.md describes the messages; docs/examples/packs has a pack in Python.
//
// A pack is started when one of its nodes runs for the first time, and once before to ask what nodes it has; the answer is kept until a file
// of its folder changes. One request at a time is given to it. A pack that dies is started again for the next request. Pictures, masks,
// latents and sigmas travel as .safetensors files; models cannot.
package pack
