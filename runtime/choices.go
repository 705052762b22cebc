package runtime

// Choices lists what a drop-down offers: the files of a model folder by its key, the VAEs with those that need no file, or files of the
// input folder.
func (rt *Runtime) Choices(key string) ([]string, error) {
	switch key {
	case "vae+virtual":
		return rt.Folders.VAENames()
	case "input/pictures":
		return rt.Folders.Pictures(), nil
	case "input/latents":
		return rt.Folders.Latents(), nil
	default:
		return rt.Folders.List(key)
	}
}
