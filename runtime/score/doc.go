// Package score says how well a set of pictures keeps one character and follows its prompts.
//
// There are two measures. For the tiny world of the shipped checkpoint a Reader finds the character of a picture by matching
// sprites on its 16x16 cells: species, colours, hat, mark. A SceneReader, a small classifier, finds scene and time. Measure
// joins the readings of several pictures into Scores, the figures of the demo's README. For any checkpoint Distances compares the
// states h of a UNet, relative to the spread of the base cluster.
//
// Pictures are tensors [H,W,3], values 0…1; they are looked at with 8 bits, as a saved file has them.
// Nothing here runs a model: whoever has h hands it in.
//
// sprites.txt is written by testdata/make_sprites.py; the scene classifier is a file, models/scores/tiny-world-scenes.safetensors.
package score
