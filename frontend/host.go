// Package frontend holds what people and clients use: cli, the commands; later the HTTP server and the canvas.
//
// A front end knows package graph and one interface of the rest of the program, Host, which main fills.
package frontend

import (
	"context"
	"io"

	"github.com/oneactor/oneactor/graph"
)

// Settings are the flags that say where files are and what computes.
type Settings struct {
	BaseDirectory   string
	OutputDirectory string
	InputDirectory  string
	TempDirectory   string
	UserDirectory   string
	ExtraModelPaths []string

	Device          string            // auto, cpu, cuda or cuda:N
	CUDA            map[string]string // further options of onnxruntime's CUDA provider
	Threads         int               // of one operator; 0 is one per core
	Library         string            // path of the onnxruntime library; empty: find it
	Weights         string            // auto, mapped or packed
	CacheBytes      int64             // results kept between runs; 0 is a quarter of memory
	CacheResults    int               // results of earlier prompts that stay; 0 is those of the newest only
	CacheNone       bool              // keep no results
	DisableMetadata bool              // save no prompt and workflow in files
	PreviewMethod   string            // none, auto, latent2rgb or taesd; empty is none

	DisableCustomNodes bool // start no programs of custom_nodes/
}

// Host is what a front end needs of the program besides the engine.
type Host interface {
	// Bind gives nodes their environment.
	Bind(ctx context.Context) context.Context
	// Choices lists what a drop-down offers (graph.Config.Choices).
	Choices(key string) ([]string, error)
	// Folders lists the model folders and what is in them.
	Folders() ([]Folder, error)
	// Path is where a result of a node lies: type is input, output or temp.
	Path(folderType, subfolder, filename string) string
	// UserFolder holds settings, workflows and the jobs.
	UserFolder() string
	// Stage makes a picture file loadable, and returns the name that LoadImage takes for it: files outside of the input folder are copied into
	// the temp folder.
	Stage(ctx context.Context, path string) (name string, err error)
	// DrawSheet draws a page of pictures, saves it in the output folder and returns its path.
	DrawSheet(ctx context.Context, s Sheet) (path string, err error)
	// CheckOutput says in advance why no result could be saved; it writes nothing.
	CheckOutput() error
	// Doctor says what computes, and what is missing.
	Doctor() Diagnosis
	Actors
	Clusters
	Jobs
	Pictures
	Models
	Machine
	// Close frees models and removes temporary files.
	Close() error
}

// Sheet is a page of pictures in rows and columns.
type Sheet struct {
	Title    string
	Heads    []string // above the columns
	Rows     []SheetRow
	Prefix   string // of the file's name
	Metadata []graph.MetadataEntry
}

// SheetRow is a row of pictures, by their paths; "" leaves a gap.
type SheetRow struct {
	Label    string
	Pictures []string
}

// Folder is a model folder key, its directories, and the names of the models in them.
type Folder struct {
	Key         string   `json:"key"`
	Directories []string `json:"directories"`
	Models      []string `json:"models"`
}

// Diagnosis is the state of the machine as far as the program depends on it.
type Diagnosis struct {
	Library   string    `json:"library"` // path of onnxruntime; empty when none was found
	Version   string    `json:"version"`
	Providers []string  `json:"providers"`
	Device    string    `json:"device"`
	Threads   int       `json:"threads"`
	Note      string    `json:"note,omitempty"`    // such as why the GPU is not used
	Problem   string    `json:"problem,omitempty"` // why nothing can be computed
	Tried     []Attempt `json:"tried"`
	Memory    int64     `json:"memory"`               // bytes of the machine
	CUDA      []Attempt `json:"cuda,omitempty"`       // NVIDIA's libraries in use, where the device is a GPU
	GPUMemory int64     `json:"gpu_memory,omitempty"` // bytes of the GPU
}

// Attempt is one place where the library was looked for.
type Attempt struct {
	Source  string `json:"source"`
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Bench measures models; it is apart from Host because it needs no engine.
type Bench interface {
	// WriteWeights makes a file with random weights: a checkpoint of SD 1.5 size, or for the family sdxl the UNet of SDXL.
	WriteWeights(ctx context.Context, path, dtype, family string, seed uint64) error
	// Parts are the names that BenchOptions.Only may hold.
	Parts() []string
	// Measure prints a table; with peers it runs PyTorch in turn.
	Measure(ctx context.Context, o BenchOptions, out io.Writer) error
	// MeasureTune prints what a step of tuning costs, in each way of holding weights that Only names.
	MeasureTune(ctx context.Context, o BenchOptions, out io.Writer) error
	// GPUParts are the names that GPUBenchOptions.Only may hold.
	GPUParts() []string
	// MeasureGPU prints how fast networks of real size are on a CUDA device; with peers it runs PyTorch in turn.
	MeasureGPU(ctx context.Context, o GPUBenchOptions, out io.Writer) error
	// ActorRows are the names that ActorBenchOptions.Only may hold.
	ActorRows() []string
	// MeasureActor prints a table of consistency in Markdown; log hears how far it is.
	MeasureActor(ctx context.Context, s Settings, o ActorBenchOptions, out, log io.Writer) error
	// ServerParts are the names that ServerBenchOptions.Only may hold.
	ServerParts() []string
	// MeasureServer prints how a server answers from outside.
	MeasureServer(ctx context.Context, o ServerBenchOptions, out io.Writer) error
	// Chaos kills servers and workers while clients send jobs, prints what is left, and fails where a promise was broken.
	Chaos(ctx context.Context, o ChaosOptions, out io.Writer) error
	// PretrainProjector trains the projector of the shipped checkpoint and returns the name of its file; log hears how far it is.
	PretrainProjector(ctx context.Context, s Settings, o ProjectorBenchOptions, log io.Writer) (string, error)
}

// ProjectorBenchOptions of Bench.PretrainProjector; zero values are defaults.
type ProjectorBenchOptions struct {
	Checkpoint string
	Name       string // in models/projectors
	Clusters   int
	Steps      int
	Rate       float64 // learning rate
	From       string  // a projector to go on with
}

// ServerBenchOptions of Bench.MeasureServer; zero values are defaults.
type ServerBenchOptions struct {
	URL     string // a server that runs; empty starts one
	Clients int
	Rounds  int
	Only    []string
}

// ChaosOptions of Bench.Chaos; zero values are defaults.
type ChaosOptions struct {
	Jobs, Clients, Kills, Workers int
	Seed                          uint64
}

// ActorBenchOptions of Bench.MeasureActor; zero values are defaults.
type ActorBenchOptions struct {
	Checkpoint string
	Projector  string
	Targets    []string // base word and seed, such as robot:1
	Only       []string // rows to measure; empty: all
	Steps      int      // of tuning
	Rate       float64  // learning rate
	V          float64
	JSON       string // file for the results of every target
}

// GPUBenchOptions of Bench.MeasureGPU.
type GPUBenchOptions struct {
	Folder  string            // where the random weights are kept; empty: in a temporary place
	Peers   string            // Python with PyTorch for CUDA to compare with; empty: none
	Rounds  int               // runs of each part; 0 is the default
	Only    []string          // parts to measure; empty: all
	Library string            // as in Settings
	Device  string            // as in Settings
	CUDA    map[string]string // as in Settings
	Profile string            // path that traces begin with; empty: none
	Eager   bool              // PyTorch without torch.compile only
}

// BenchOptions of Bench.Measure and Bench.MeasureTune.
type BenchOptions struct {
	Checkpoint string   // empty: one with random weights is made in a temporary place
	Peers      string   // Python with PyTorch to compare with; empty: none
	Rounds     int      // runs of each part; 0 is the default
	Only       []string // parts to measure; empty: all
	Threads    int
	Library    string // as in Settings
}
