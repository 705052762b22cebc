// Package bench measures oneactor at the size of Stable Diffusion 1.5, beside PyTorch on the same machine.
//
// WriteWeights makes a checkpoint of that size with random weights, so nothing has to be downloaded: speed and memory do
// not depend on the values. Run measures and prints a table. With Peers it also starts peers.py, the same networks in
// plain PyTorch, and runs both in turn, so that a busy machine slows both; ratios are medians over such pairs.
package bench
