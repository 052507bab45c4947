//! Layers in files.

use super::*;

#[test]
fn files_name_a_kind_and_its_settings_as_ever() {
    // RON and JSON of programs before each kind had a file of its own.
    let cases: [(&str, &str, LayerKind); 6] = [
        (
            "Conv2d(filters:32,kernel:3,stride:1,padding:Same,activation:Relu)",
            r#"{"Conv2d":{"filters":32,"kernel":3,"stride":1,"padding":"Same","activation":"Relu"}}"#,
            Conv2d::fresh().into(),
        ),
        (
            "MaxPool2d(size:2,stride:2)",
            r#"{"MaxPool2d":{"size":2,"stride":2}}"#,
            MaxPool2d::fresh().into(),
        ),
        ("Flatten", r#""Flatten""#, Flatten.into()),
        (
            "Activation(Gelu)",
            r#"{"Activation":"Gelu"}"#,
            Activation(Function::Gelu).into(),
        ),
        (
            "Dropout(rate:0.2)",
            r#"{"Dropout":{"rate":0.2}}"#,
            Dropout::fresh().into(),
        ),
        (
            "Backbone(architecture:Vgg16,weights:File(\"a.pth\"),batch_norm_inference:true)",
            r#"{"Backbone":{"architecture":"Vgg16","weights":{"File":"a.pth"},"batch_norm_inference":true}}"#,
            Backbone {
                architecture: Architecture::Vgg16,
                weights: InitialWeights::File("a.pth".into()),
                batch_norm_inference: true,
            }
            .into(),
        ),
    ];
    for (ron, json, kind) in cases {
        assert_eq!(ron::to_string(&kind).unwrap(), ron);
        assert_eq!(serde_json::to_string(&kind).unwrap(), json);
        assert_eq!(ron::from_str::<LayerKind>(ron).unwrap(), kind, "{ron}");
        assert_eq!(serde_json::from_str::<LayerKind>(json).unwrap(), kind);
    }
    let short: LayerKind = ron::from_str("Conv2d(filters: 8, kernel: 3)").unwrap();
    assert_eq!(short.describe(), "Conv2d 8 @ 3×3 valid");
    for (text, reason) in [
        ("Conv3d(filters: 8)", "Conv3d"),
        ("Conv2d(filters: 8, kernel: 3, colour: 1)", "colour"),
        ("Conv2d(filters: 8)", "kernel"),
    ] {
        let error = ron::from_str::<LayerKind>(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn every_kind_has_words_of_its_own_and_survives_a_round_trip() {
    let all = LayerKind::all();
    for (at, kind) in all.iter().enumerate() {
        let twins = all
            .iter()
            .filter(|other| other.words() == kind.about().words);
        assert_eq!(twins.count(), 1, "{}", kind.about().words);
        let pretty = ron::ser::to_string_pretty(kind, Default::default()).unwrap();
        assert_eq!(&ron::from_str::<LayerKind>(&pretty).unwrap(), kind);
        let json = serde_json::to_string(kind).unwrap();
        assert_eq!(&serde_json::from_str::<LayerKind>(&json).unwrap(), kind);
        let mut kind = all[at].clone();
        for field in kind.fields() {
            assert!(
                field.tip.len() > 20,
                "{}: {}",
                kind_name(&all[at]),
                field.label
            );
        }
    }
}

fn kind_name(kind: &LayerKind) -> &'static str {
    kind.about().word
}
