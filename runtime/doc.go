// Package runtime holds the values that travel on the wires between nodes (MODEL, CLIP, VAE, CONDITIONING, LATENT, IMAGE, MASK, …)
// and the operations nodes call on them: load, encode, sample, decode.
//
// Values are immutable: an operation returns a new one and never writes into its inputs. Tensors are float32 on the host.
// The sub-packages do the parts: weights reads files, tokenizer splits prompts, model builds graphs, ort runs them, sampling
// steps from noise to latent, imaging handles pictures. Nothing here knows the graph engine.
package runtime
