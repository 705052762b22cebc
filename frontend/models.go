package frontend

// Models tells where model files are. Keys are those of ModelKeys; the error of another one wraps fs.ErrNotExist.
type Models interface {
	// ModelKeys are the keys of the model folders, in the order in which clients see them.
	ModelKeys() []string
	// ModelDirectories are the directories of a key, whether they exist or not. The first that has a file wins.
	ModelDirectories(key string) ([]string, error)
	// ModelNames are the models in the directories of a key, sorted.
	ModelNames(key string) ([]string, error)
	// ModelPath is where a model is, by its name in ModelNames; old names of keys are known, too. The error wraps fs.ErrNotExist where there is none.
	ModelPath(key, name string) (string, error)
	// Embeddings are the names of textual inversions as prompts write them.
	Embeddings() ([]string, error)
}
