// Package weights reads what model files hold: tensors in place, under the names the rest of the runtime expects.
//
// A File is one .safetensors (or a tensors-only torch pickle) with its header checked and its bytes mapped read-only. A
// Ref is one tensor of it where it lies, maybe under another shape. A Set is a view of tensors under canonical names:
// those of the original latent diffusion code for UNet, VAE and ControlNet, those of Hugging Face's CLIP for text
// encoders. A Checkpoint is what OpenCheckpoint recognised, by structure and never by file name. Nothing is converted
// or written beside the user's files, and nothing is read but the header until a tensor is asked for.
//
// To run another family, add its structure to recognise and its name to running, and its prefixes to textPrefixes; to
// read files with other names, add a key map (see map_unet.go) that turns them into the canonical ones; to read LoRAs
// of another kind, see otherFormats.
package weights
