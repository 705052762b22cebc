package queue

// Status is how a job ended.
type Status string

// The outcomes of a job.
const (
	StatusSuccess     Status = "success"
	StatusError       Status = "error"
	StatusInterrupted Status = "interrupted"
)

// MaxTries is how often a job is begun before it is given up: workers that die with it may die of it.
const MaxTries = 3

// Submission is a job to accept.
type Submission struct {
	ID      string
	Number  *float64 // nil: the next of the counter
	Front   bool     // before all that have a number of the counter
	Client  string
	User    string
	Outputs []string
	Models  []string // files the job loads, by the names workers report; where jobs wait, a worker that has them is preferred
	Prompt  []byte   // JSON
	Extra   []byte   // extra_data, JSON
}

// Receipt is what a submitter is told.
type Receipt struct {
	Key    Key
	Number float64
}

// Job is what is known of a job without its texts.
type Job struct {
	Key     Key
	ID      string
	Number  float64
	Given   bool // the number is the client's own
	Client  string
	User    string
	Outputs []string
	Models  []string
	Created int64 // milliseconds since 1970
	Try     int   // 1 for the first; 0 while it has not run
	Worker  string
	Started int64
	// Interrupted says that it is to stop.
	Interrupted bool
}

// job is a pending or running job.
type job struct {
	Job
	turn  uint64          // among equals of number and id, the first accepted is first
	names map[string]name // by slot
}

// name is a file name that a job has taken.
type name struct {
	Path string `json:"p"`
	File uint64 `json:"f"`
}

// Entry is a line of the history, without its texts.
type Entry struct {
	Job
	Status   Status
	Finished int64
	Reason   string // why the queue gave it up; "" where the job has an outcome of its own

	outcome place // of the finish record; zero where the queue gave it up
}

// place is where a record is in the journal.
type place struct {
	Seq   uint64 `json:"s"`
	Index uint32 `json:"i,omitempty"`
}

// Outcome is what a worker says of a job that ended.
type Outcome struct {
	Status   Status
	Outputs  []byte // JSON objects and arrays of a history entry
	Messages []byte
	Meta     []byte
	Prompt   []byte // where running changed it, as is_changed does
	Events   int    // how many events the job sent
}

// Texts are the bytes of a job and its outcome.
type Texts struct {
	Prompt, Extra           []byte
	Outputs, Messages, Meta []byte // nil before the job has ended
}
