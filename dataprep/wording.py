"""How kinds of issues are ordered and told to people; a kind that is not here gets its own name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    title: str
    meaning: str


KINDS = {
    "unreadable": Wording("Unreadable files", "the file cannot be decoded"),
    "split_leak": Wording("Leaks between splits", "the same picture in two splits, so the test is not a test"),
    "label_error": Wording(
        "Suspect labels", "by the predictions, and by how labels are mixed up here, another class is more probable"
    ),
    "label_conflict": Wording("Label conflicts", "copies of one picture with different labels"),
    "exact_duplicate": Wording("Exact duplicates", "the same pixels more than once"),
    "near_duplicate": Wording("Near duplicates", "almost the same picture: shifted, cropped, mirrored, recompressed"),
    "outlier": Wording("Outliers", "unlike all other images, and no class fits"),
    "out_of_distribution": Wording("Out of distribution", "the networks find no class that fits"),
    "truncated": Wording("Truncated files", "the file ends before the picture does"),
    "low_information": Wording("Low information", "almost no content, such as a blank image"),
    "near_empty": Wording("Nearly empty images", "almost nothing but one plain background"),
    "noisy": Wording("Noisy images", "neighboring pixels have little to do with each other"),
    "dark": Wording("Dark images", "hardly any bright pixel"),
    "light": Wording("Light images", "hardly any dark pixel"),
    "underexposed": Wording("Underexposed images", "much of the picture, not only its background, is quite black"),
    "overexposed": Wording("Overexposed images", "much of the picture, not only its background, is quite white"),
    "blurry": Wording("Blurry images", "no sharp edge"),
    "blocky": Wording("Blocky images", "compression left its 8 x 8 blocks"),
    "grayscale": Wording("Gray images", "no color, in a set that has"),
    "transparent": Wording("Transparent images", "another picture for programs that drop transparency"),
    "exif_rotated": Wording("Turned by metadata", "another picture for programs that ignore EXIF orientation"),
    "wrong_extension": Wording("Wrong extensions", "the file is in another format than its name says"),
    "odd_statistics": Wording("Odd statistics", "brightness, contrast or the like far from the rest"),
    "odd_size": Wording("Odd sizes", "many times more or fewer pixels than is usual here"),
    "odd_aspect": Wording("Odd aspect ratios", "much longer or wider than is usual here"),
    "small_class": Wording("Small classes", "too few images of the class to judge its labels"),
}

# Of the data set as a whole: the share of images of which this is so.
HEALTH = {
    "test_independent": Wording("Test independent", "held-out images without a copy in another split"),
    "labels_right": Wording("Labels right", "labels that are right, by the best estimate there is"),
    "labels_consistent": Wording("Labels consistent", "images without a copy under another label"),
    "predictable": Wording("Predictable", "labels that networks predict for images that they did not see"),
    "shortcut_free": Wording("No shortcuts", "images whose class no light, color, background or file gives away"),
    "balanced": Wording("Balanced", "how even the classes are: 100% with as many training images in each"),
    "labeled": Wording("Labeled", "readable images that have a label"),
    "readable": Wording("Readable", "files that can be decoded"),
    "unique": Wording("Unique", "images left when of each group of copies one is kept"),
    "typical": Wording("Typical", "images that are no outliers"),
    "good_pictures": Wording("Good pictures", "images without a fault of the picture: dark, blurred, odd in size, ..."),
}

# Why not to train on a data set, or with care, gravest first.
REASONS = {
    "nothing_kept": "no image is left",
    "no_training_split": "no training images",
    "one_class": "one class only",
    "untrained_classes": "classes without training images",
    "emptied_splits": "splits without images",
    "by_chance": "labels that images do not tell",
    "failed_checks": "failed checks of the training",
    "leaks": "leaks between splits",
    "conflicts": "copies under several labels",
    "wrong_labels": "labels that may be wrong",
    "weak_networks": "networks too weak to judge",
    "unjudged": "labels that nobody judged",
    "spurious": "classes given away",
    "no_test": "no test split",
    "small_test": "a small test",
    "untested_classes": "classes without test images",
    "merged_classes": "classes hardly told apart",
    "small_classes": "small classes",
    "lost_classes": "classes mostly removed",
    "unused_decisions": "decisions not applied",
    "changing_augmentation": "augmentation that changes classes",
    "copies_left": "many copies",
    "warned_checks": "warnings of the training",
}

FAULTS = {
    "exact_copy": "Exact copies",
    "near_copy": "Near copies",
    "split_copy": "Copies across splits",
    "swapped_label": "Swapped labels",
    "odd_image": "Odd images",
    "unreadable_file": "Unreadable files",
}


CHECKS = {
    "better_than_chance": "Better than chance",
    "predictions_hold": "Predictions hold when made anew",
    "folds_agree": "Folds agree",
    "settled": "Predictions settle",
    "inputs": "Inputs are of unit scale",
    "initial_loss": "Loss at the start",
    "overfits_batch": "Learns a few images by heart",
    "input_independent": "Sees the images",
    "capacity": "More capacity helps",
    "isolated": "Images don't mix",
    "repeatable": "Same seed, same network",
    "filters": "First-layer kernels",
    "activations": "Units alive",
    "updates": "Size of updates",
}


@dataclass(frozen=True)
class PropertyWording:
    """What a property is called, and images that have more or less of it than others."""

    title: str
    more: str = "higher"
    less: str = "lower"


PROPERTIES = {
    "format": PropertyWording("file format"),
    "channels": PropertyWording("channels in the file"),
    "pixel_count": PropertyWording("image size in pixels", "larger", "smaller"),
    "longer_side": PropertyWording("longer side in pixels", "longer", "shorter"),
    "width_over_height": PropertyWording("width over height", "wider", "taller"),
    "bytes_per_pixel": PropertyWording("file bytes per pixel", "less compressed", "more compressed"),
    "entropy": PropertyWording("entropy in bits", "richer in gray levels", "poorer in gray levels"),
    "noise": PropertyWording("noise", "noisier", "smoother"),
    "sharpness": PropertyWording("sharpness", "sharper", "less sharp"),
    "brightness": PropertyWording("brightness", "brighter", "darker"),
    "contrast": PropertyWording("contrast", "of more contrast", "of less contrast"),
    "red_green": PropertyWording("red-green balance", "redder", "greener or less red"),
    "yellow_blue": PropertyWording("yellow-blue balance", "yellower", "bluer"),
    "border_brightness": PropertyWording("border brightness", "brighter", "darker"),
    "border_variation": PropertyWording("border contrast", "of more contrast", "plainer"),
    "border_red_green": PropertyWording("border red-green balance", "redder", "greener or less red"),
    "border_yellow_blue": PropertyWording("border yellow-blue balance", "yellower", "bluer"),
}


def property_wording(name: str) -> PropertyWording:
    """Return the words for a property of images.

    >>> property_wording("jpeg_blocks").title
    'jpeg blocks'
    """
    return PROPERTIES.get(name, PropertyWording(_words(name).lower()))


@dataclass(frozen=True)
class OperationWording:
    """What an augmentation is called, the unit of its values, and its two sides of the neutral value.

    signed: values are written with their sign. share: they are written as percentages.
    """

    title: str
    unit: str = ""
    less: str = ""
    more: str = ""
    signed: bool = False
    share: bool = False


OPERATIONS = {
    "as_configured": OperationWording("all together, as drawn"),
    "horizontal_flip": OperationWording("mirrored left to right"),
    "vertical_flip": OperationWording("mirrored top to bottom"),
    "rotation": OperationWording("rotation", "°", "counterclockwise", "clockwise", signed=True),
    "shift": OperationWording("shift", "% of the side", "upward", "downward", signed=True, share=True),
    "crop": OperationWording("crop", "% of the area", share=True),
    "scale": OperationWording("scale", " times", "smaller", "larger"),
    "stretch": OperationWording("stretch", " times", "taller", "wider"),
    "shear": OperationWording("shear", "°", "one way", "the other way", signed=True),
    "brightness": OperationWording("brightness", " times", "darker", "brighter"),
    "contrast": OperationWording("contrast", " times", "less", "more"),
    "saturation": OperationWording("saturation", " times", "paler", "more vivid"),
    "hue": OperationWording("hue", "°", "red to blue", "red to yellow", signed=True),
    "blur": OperationWording("blur", " px"),
    "noise": OperationWording("noise", " deviation"),
    "erasing": OperationWording("erasing", "% of the area", share=True),
    "lighting": OperationWording("lighting", " strength"),
    "texture": OperationWording("texture", " strength"),
}


def operation_wording(name: str) -> OperationWording:
    """Return the words for an augmentation."""
    return OPERATIONS.get(name, OperationWording(_words(name).lower()))


def operation_value(name: str, value: float, unit: bool = True) -> str:
    """Return a value of an augmentation, with its unit unless that is known.

    >>> operation_value("rotation", -30.0), operation_value("crop", 0.7), operation_value("crop", 0.7, unit=False)
    ('−30°', '70% of the area', '70')
    """
    words = operation_wording(name)
    shown = 100 * value if words.share else value
    number = f"{shown:+.3g}" if words.signed and shown else f"{shown:.3g}"
    return number.replace("-", "−") + (words.unit if unit else "")


def check_title(check: str) -> str:
    """Return the words for a check of the training."""
    return CHECKS.get(check, _words(check))


def wording(kind: str) -> Wording:
    """Return the words for a kind of issue.

    >>> wording("strange_color").title
    'Strange color'
    """
    return KINDS.get(kind, Wording(_words(kind), ""))


def health_wording(name: str) -> Wording:
    """Return the words for a kind of health."""
    return HEALTH.get(name, Wording(_words(name), ""))


def fault_title(fault: str) -> str:
    """Return the words for a kind of planted fault."""
    return FAULTS.get(fault, _words(fault))


def in_order(kinds: list[str]) -> list[str]:
    """Return the kinds with the gravest first and unknown ones last, by name."""
    order = list(KINDS)
    return sorted(kinds, key=lambda kind: (order.index(kind) if kind in order else len(order), kind))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
