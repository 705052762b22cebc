package graph

import (
	"context"
	"errors"
	"testing"
)

// infoClassic has every option of the classic shape.
type infoClassic struct {
	_       Meta        `category:"a/b" title:"Info" module:"nodes" doc:"about it" output:"true" deprecated:"true" experimental:"true"`
	Model   latent      ``
	Clip    latent      `doc:"a tip" type:"CLIP"`
	Empty   latent      `opts:"{}"`
	Seed    uint64      `default:"0" min:"0" max:"18446744073709551615" control:"true"`
	Scale   float64     `default:"8.0" min:"0" max:"100.0" step:"0.1" round:"0.01"`
	Eta     float64     `default:"1.0" round:"false"`
	Text    string      `multiline:"true" dynamic:"true" placeholder:"say"`
	Line    string      `default:"" multiline:"false"`
	Switch  bool        `default:"false" label_on:"yes" label_off:"no"`
	Sampler samplerName `in:"sampler_name" default:"ddim"`
	Crop    string      `enum:"disabled|center"`
	Image   string      `choices:"input" upload:"image"`
	Solver  string      `type:"COMBO" enum:"x|y"`
	Remote  string      `type:"COMBO" upload:"image" opts:"{\"image_folder\": \"output\", \"remote\": {\"route\": \"/x\"}}"`
	Colour  int         `default:"0" display:"color" advanced:"true" force:"true"`
	Any     any
	Both    any     `type:"INT,FLOAT" optional:"true" lazy:"true"`
	Mask    *latent `optional:"true"`
	Prompt  Prompt
	Extra   ExtraPNGInfo
	ID      UniqueID
	Kept    State[int]
}

func (infoClassic) Needs(context.Context) []string { return nil }

type infoResult struct {
	Positive latent       `out:"positive" doc:"the first"`
	Count    int          `out:"count"`
	Images   List[latent] ``
	Perhaps  Maybe[bool]  `out:"perhaps"`
	Sampler  samplerName  ``
	Whatever any          ``
	UI       UI
	Expand   *Expansion
}

func (infoClassic) Run(context.Context) (infoResult, error) { return infoResult{}, nil }

// infoNewer is the same in the newer shape, as far as it differs.
type infoNewer struct {
	_      Meta   `v3:"true" title:"-"`
	Model  latent ``
	Mode   string `enum:"a|b" default:"b"`
	Image  string `choices:"input"`
	Prompt Prompt
}

func (infoNewer) Run(context.Context) (latent, error) { return latent{}, nil }

func TestObjectInfo(t *testing.T) {
	r, err := New(Declare[infoClassic](), Declare[infoNewer]())
	if err != nil {
		t.Fatal(err)
	}
	choices := func(key string) ([]string, error) {
		if key != "input" {
			return nil, errors.New("no such list")
		}
		return []string{"p.png"}, nil
	}
	tests := map[string]string{
		"infoClassic": `{"input":{"required":{"model":["LATENT"],"clip":["CLIP",{"tooltip":"a tip"}],"empty":["LATENT",{}],` +
			`"seed":["INT",{"default":0,"min":0,"max":18446744073709551615,"control_after_generate":true}],` +
			`"scale":["FLOAT",{"default":8.0,"min":0,"max":100.0,"step":0.1,"round":0.01}],"eta":["FLOAT",{"default":1.0,"round":false}],` +
			`"text":["STRING",{"multiline":true,"placeholder":"say","dynamicPrompts":true}],"line":["STRING",{"default":"","multiline":false}],` +
			`"switch":["BOOLEAN",{"default":false,"label_on":"yes","label_off":"no"}],"sampler_name":[["euler","ddim"],{"default":"ddim"}],` +
			`"crop":[["disabled","center"]],"image":[["p.png"],{"image_upload":true}],"solver":["COMBO",{"options":["x","y"]}],` +
			`"remote":["COMBO",{"image_upload":true,"image_folder":"output","remote":{"route":"/x"}}],` +
			`"colour":["INT",{"default":0,"display":"color","forceInput":true,"advanced":true}],"any":["*"]},` +
			`"optional":{"both":["INT,FLOAT",{"lazy":true}],"mask":["LATENT"]},` +
			`"hidden":{"prompt":"PROMPT","extra_pnginfo":"EXTRA_PNGINFO","unique_id":"UNIQUE_ID"}},` +
			`"input_order":{"required":["model","clip","empty","seed","scale","eta","text","line","switch","sampler_name","crop","image","solver","remote","colour","any"],` +
			`"optional":["both","mask"],"hidden":["prompt","extra_pnginfo","unique_id"]},` +
			`"output":["LATENT","INT","LATENT","BOOLEAN",["euler","ddim"],"*"],"output_is_list":[false,false,true,false,false,false],` +
			`"output_name":["positive","count","LATENT","perhaps","COMBO","*"],"name":"infoClassic","display_name":"Info","description":"about it",` +
			`"python_module":"nodes","category":"a/b","output_node":true,"output_tooltips":["the first",null,null,null,null,null],"deprecated":true,"experimental":true}`,
		"infoNewer": `{"input":{"required":{"model":["LATENT",{}],"mode":["COMBO",{"default":"b","multiselect":false,"options":["a","b"]}],` +
			`"image":["COMBO",{"multiselect":false,"options":["p.png"]}]},"hidden":{"prompt":["PROMPT"]}},` +
			`"input_order":{"required":["model","mode","image"],"hidden":["prompt"]},"output":["LATENT"],"output_is_list":[false],"output_name":["LATENT"],` +
			`"output_tooltips":[null],"name":"infoNewer","display_name":null,"description":"","python_module":"oneactor","category":"sd","output_node":false,` +
			`"deprecated":false,"experimental":false,"api_node":false}`,
	}
	for class, want := range tests {
		t.Run(class, func(t *testing.T) {
			info, err := r.ObjectInfo(class, choices)
			if err != nil {
				t.Fatal(err)
			}
			if got := jsonText(info); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
	if info, err := r.ObjectInfo("nix", choices); info != nil || err != nil {
		t.Errorf("unknown class: %v, %v", info, err)
	}
	broken := func(string) ([]string, error) { return nil, errors.New("no disk") }
	if _, err := r.ObjectInfo("infoNewer", broken); err == nil {
		t.Error("a list that cannot be read is no error")
	}
}

func TestWidgets(t *testing.T) {
	r, err := New(Declare[infoClassic]())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"model": false, "seed": true, "scale": true, "text": true, "switch": true, "sampler_name": true, "image": true,
		"solver": true, "remote": true, "colour": false, "any": false, "both": false}
	for name, widget := range want {
		if in := r.Class("infoClassic").Input(name); in == nil || in.Widget() != widget {
			t.Errorf("%s: %+v", name, in)
		}
	}
	if r.Class("infoClassic").Input("nix") != nil {
		t.Error("an input that is not there")
	}
}
