// Package tokenizer turns a prompt into the tokens of CLIP's text encoders: ids, weights, textual inversions.
//
// Tokenize reads the prompt syntax (weights in parentheses, embedding:name), encodes the text with CLIP's byte pair
// encoding and cuts it into chunks of 77 tokens, each [BOS, up to 75 tokens, EOS, padding]. Every token keeps its place in
// the prompt, so that Spans and Find tell which rows of the encoded text belong to which words.
//
// Ids are those of transformers 4's CLIPTokenizer without ftfy, chunks and weights those of ComfyUI.
// The merge table lies in the program (merges.bin, see gen) and is searched in place: nothing is parsed at start.
// The package reads no files; the vectors of textual inversions come through the interface Embeddings.
//
// A new text encoder with the same vocabulary is a row in encoders; another vocabulary is another package.
package tokenizer

//go:generate go run ./gen bpe_simple_vocab_16e6.txt.gz merges.bin
