package frontend

import "context"

// Actors keeps the tuned actors of models/actors. Names may leave the ending of the file out.
type Actors interface {
	ListActors() ([]Actor, error)
	ShowActor(name string) (Actor, error)
	// ExportActor copies an actor to a file that must not exist.
	ExportActor(ctx context.Context, name, file string) error
	// ImportActor takes a file in, under a name (empty: that of the file); origin and licence replace what it says. It returns the name.
	ImportActor(ctx context.Context, file, name, origin, licence string) (string, error)
	// SetActor changes what is said about an actor: origin, licence or prompt.
	SetActor(ctx context.Context, name string, fields map[string]string) error
	// TrashActor moves an actor into the trash and returns where it lies there.
	TrashActor(ctx context.Context, name string) (string, error)
}

// Actor is what is known of a stored actor.
type Actor struct {
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	Bytes       int64             `json:"bytes"`
	Word        string            `json:"word"`
	Concept     string            `json:"concept"`
	Family      string            `json:"family"`
	Fingerprint string            `json:"fingerprint"`
	Pictures    int               `json:"pictures"` // of its cluster
	Width       int               `json:"width"`    // of the text embedding
	Prompt      string            `json:"prompt"`
	Seed        uint64            `json:"seed"`
	Steps       int               `json:"steps"`
	Settings    map[string]string `json:"settings,omitempty"`
	Origin      string            `json:"origin"`
	Licence     string            `json:"licence"`
	Thumbnail   [2]int            `json:"thumbnail"` // width and height in pixels; 0 for none
	Projector   bool              `json:"projector"` // the file holds one, so tuning can go on
	Problem     string            `json:"problem,omitempty"`
}
