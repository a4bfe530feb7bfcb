"""For every rule answers that make it true: how they differ from the candidate's, who has no
finding. `None` takes an answer away. In the order of the rules."""

from typing import Any

from tests.builders import medicine_row, trial_row

Changes = dict[str, Any]


def takes(*names: str, **more: Any) -> Changes:
    """Somebody who takes these medicines."""
    return {"medications": [medicine_row(name) for name in names], **more}


def alarm(symptom: str, new: str = "yes") -> Changes:
    return {"alarm_symptoms_now": [symptom], "alarm_symptoms_new": new}


def heart(condition: str, **more: Any) -> Changes:
    return {"heart_conditions": [condition], **more}


def brain(condition: str, **more: Any) -> Changes:
    return {"brain_conditions": [condition], **more}


def head_injury(severity: str, months: int, symptoms: str = "no") -> Changes:
    injury = {"head_injury_severity": severity, "head_injury_months_ago": months}
    return brain("head-injury", **injury, head_injury_symptoms=symptoms)


def lungs(condition: str, severity: str = "mild-or-moderate", flare: str = "no") -> Changes:
    return {
        "lung_conditions": [condition],
        "lung_severity": severity,
        "lung_flare_6w": flare,
    }


def apnea(treated: str) -> Changes:
    return {"lung_conditions": ["sleep-apnoea"], "sleep_apnoea_treated": treated}


def had_ketamine(weeks: int = 40, doses: int = 2, **more: Any) -> Changes:
    return {
        "other_treatments": ["ketamine"],
        "ketamine_last_weeks_ago": weeks,
        "ketamine_doses": doses,
        "ketamine_response": "partial",
        "ketamine_bad_reaction": ["none"],
        **more,
    }


def reacted(reaction: str) -> Changes:
    return had_ketamine(ketamine_bad_reaction=[reaction])


def diagnosed(*diagnoses: str, **more: Any) -> Changes:
    return {"psychiatric_diagnoses": list(diagnoses), **more}


def unreal(points: int) -> Changes:
    items = {f"dest_{n}": points for n in range(1, 9)}
    return diagnosed("other-dissociative", unreal_most_days="yes", **items)


def used(substance: str) -> Changes:
    return {"substances_12m": [substance], "substances_last_month": [substance]}


def drinks(*points: int, sex: str = "female") -> Changes:
    asked = dict(zip(("auditc_1", "auditc_2", "auditc_3"), points, strict=True))
    return {**asked, "sex_at_birth": sex}


def thoughts(**answers: Any) -> Changes:
    asked = {"cssrs_1": "yes", "cssrs_2": "yes", "cssrs_3": "no", "cssrs_4": "no", "cssrs_5": "no"}
    return {**asked, "cssrs_6": "no", "firearm_or_means_access": "no", **answers}


FIRES: dict[str, Changes] = {
    "age-under-18": {"date_of_birth": "2008-11-24"},
    "age-65-74": {"date_of_birth": "1961-11-23", "memory_worse": "no"},
    "age-75-plus": {"date_of_birth": "1951-11-23", "memory_worse": "no"},
    "capacity-lacks": {"capacity": "lacks"},
    "capacity-uncertain": {"decision_maker": "guardian-or-proxy"},
    "form-by-proxy": {"filling_in_for": "someone-else", "filled_in_by_role": "guardian"},
    "feels-pushed": {"feels_pushed": "yes"},
    "escort-none": {"escort": "no"},
    "driving-refusal": {"agrees_not_to_drive": "no"},
    "fasting-unable": {"can_fast": "no"},
    "schedule-unable": {"can_attend_schedule": "no"},
    "no-treating-clinician": {
        "has_primary_care": "no",
        "has_mental_health_prescriber": "no",
    },
    "diagnosis-unconfirmed": {"diagnosis_made_by_clinician": "no"},
    "post-visit-sole-carer": {"sole_carer_or_alone": "yes"},
    "bp-crisis-symptomatic": {"bp_systolic": 180, **alarm("severe-headache", "no")},
    "bp-crisis-asymptomatic": {"bp_systolic": 180},
    "bp-uncontrolled": {"bp_systolic": 160},
    "bp-elevated": {"bp_systolic": 141},
    "bp-unknown": {"bp_known": "no"},
    "bp-low": {"bp_systolic": 89},
    "htn-controlled": {"hypertension": "yes", "hypertension_crisis": "no"},
    "heart-other": heart("other"),
    "hypertensive-encephalopathy-history": {"hypertension": "yes", "hypertension_crisis": "yes"},
    "chest-pain-now": alarm("chest-pain"),
    "alarm-symptoms-old": alarm("breathlessness", "no"),
    "stroke-signs-now": alarm("trouble-speaking"),
    "mi-acs-under-6m": heart("heart-attack-stent-bypass", heart_event_months_ago=6),
    "mi-acs-6-12m": heart("heart-attack-stent-bypass", heart_event_months_ago=7),
    "cad-stable": heart("heart-attack-stent-bypass", heart_event_months_ago=13),
    "stroke-tia-under-6m": {"vessel_conditions": ["stroke-or-tia"], "stroke_months_ago": 6},
    "stroke-tia-history": {"vessel_conditions": ["stroke-or-tia"], "stroke_months_ago": 7},
    "aneurysm-avm": {"vessel_conditions": ["aneurysm"]},
    "ich-history": {"vessel_conditions": ["brain-bleed"]},
    "aortic-dissection": {"vessel_conditions": ["aortic-dissection"]},
    "aneurysm-risk-family": {
        "vessel_conditions": ["inherited-vessel-disease-or-family-aneurysm"],
    },
    "hf-nyha-3-4": heart("heart-failure", heart_failure_breathless="light-effort"),
    "hf-nyha-1-2": heart("heart-failure", heart_failure_breathless="ordinary-effort"),
    "valve-severe": heart("valve-disease"),
    "arrhythmia-uncontrolled": heart("rhythm-problem", rhythm_controlled="no"),
    "syncope-unexplained": {"fainted_6m": "yes"},
    "arrhythmia-controlled": heart("rhythm-problem", rhythm_controlled="yes"),
    "long-qt": heart("long-qt"),
    "pulmonary-hypertension": heart("pulmonary-hypertension"),
    "pheochromocytoma": heart("pheochromocytoma"),
    "vte-recent": heart("blood-clot", clot_months_ago=3),
    "hr-out-of-range": {"heart_rate": 121},
    "hr-fast": {"heart_rate": 101},
    "preeclampsia": {"gave_birth_12m": "yes", "preeclampsia": "yes", "infant_harm": "no"},
    "icp-raised": brain("hydrocephalus-or-shunt"),
    "head-injury-recent": head_injury("moderate-or-severe", 6),
    "concussion-symptomatic": head_injury("concussion", 3),
    "head-injury-history": head_injury("moderate-or-severe", 7),
    "brain-surgery-recent": {"surgery": ["brain-surgery-in-last-6-months"]},
    "memory-worse": {"date_of_birth": "1966-11-23", "memory_worse": "yes"},
    "seizure-uncontrolled": brain("epilepsy-or-seizure", seizure_months_ago=6),
    "seizure-history": brain("epilepsy-or-seizure", seizure_months_ago=7),
    "dementia": brain("dementia"),
    "neurodegenerative-other": brain("parkinsons"),
    "delirium-now": alarm("confusion"),
    "delirium-recent": {"delirium_3m": "yes"},
    "glaucoma-acute": {"glaucoma": "untreated"},
    "glaucoma-treated": {"glaucoma": "treated"},
    "eye-surgery": {"eye_surgery": "planned-or-last-6-weeks"},
    "resp-oxygen": {"lung_conditions": ["home-oxygen"]},
    "spo2-low": {"spo2": 92},
    "spo2-borderline": {"spo2": 93},
    "asa-4": {"asa_class": 4},
    "asa-3": {"asa_class": 3},
    "resp-severe": lungs("copd", "hospital-last-12-months"),
    "resp-other": lungs("asthma", "hospital-last-12-months"),
    "resp-exacerbation": lungs("asthma", flare="yes"),
    "resp-stable": lungs("asthma"),
    "osa-untreated": apnea("no"),
    "osa-treated": apnea("yes"),
    "osa-opioid": apnea("yes") | takes("oxycodone", opioid_mme="under-50"),
    "osa-high": {"snores_loudly": "yes", "weight_lb": 211},
    "osa-screen": {"seen_to_stop_breathing": "yes"},
    "infection-acute": {"infection_now": "yes"},
    "difficult-airway": {"anaesthetic_problem": ["difficult-intubation"]},
    "mh-family": {"anaesthetic_problem": ["malignant-hyperthermia-self-or-family"]},
    "reflux-severe": {"stomach_conditions": ["weekly-reflux-despite-treatment"]},
    "gastroparesis": {"stomach_conditions": ["bowel-obstruction"]},
    "glp1-risk": takes("Ozempic", glp1_symptoms=["dose-rising"]),
    "glp1-stable": takes("Ozempic", glp1_symptoms=["none"]),
    "bmi-40": {"height_in": 65, "weight_lb": 241},
    "bmi-35-39": {"height_in": 65, "weight_lb": 211},
    "bmi-under-16": {"height_in": 65, "weight_lb": 96},
    "bmi-under-185": {"height_in": 65, "weight_lb": 97},
    "weight-high": {"height_in": 75, "weight_lb": 254},
    "weight-low": {"height_in": 60, "weight_lb": 99},
    "iv-access-difficult": {"hard_to_cannulate": "yes"},
    "liver-severe": {"liver_conditions": ["decompensated-or-liver-failure"]},
    "liver-moderate": {"child_pugh": "B"},
    "liver-other": {"liver_conditions": ["hepatitis"]},
    "lft-over-3x": {"liver_conditions": ["raised-liver-tests"], "liver_tests_over_3x": "yes"},
    "lft-1-3x": {"liver_conditions": ["raised-liver-tests"], "liver_tests_over_3x": "no"},
    "ketamine-liver-injury": reacted("liver-or-bile-duct-injury"),
    "renal-severe": {"kidney_bladder_conditions": ["dialysis-or-severe-kidney-disease"]},
    "renal-moderate": {"kidney_bladder_conditions": ["moderate-kidney-disease"]},
    "ketamine-cystitis": reacted("bladder-damage"),
    "bladder-pain": {"kidney_bladder_conditions": ["bladder-pain"]},
    "urine-blood-after-ketamine": had_ketamine(2, kidney_bladder_conditions=["blood-in-urine"]),
    "uti-active": {"kidney_bladder_conditions": ["urine-infection-now"]},
    "luts-mild": {"kidney_bladder_conditions": ["urgency-or-frequency"]},
    "hyperthyroid-untreated": {"thyroid": "overactive-untreated"},
    "hyperthyroid-treated": {"thyroid": "overactive-treated"},
    "porphyria": {"porphyria": "yes"},
    "diabetes-hypo-risk": {"diabetes": ["insulin-or-sulfonylurea"]},
    "diabetes-uncontrolled": {"diabetes": ["poorly-controlled"]},
    "eating-disorder-active": diagnosed("eating-disorder", eating_disorder_active="yes"),
    "pregnancy": {"pregnant": "yes", "preeclampsia": "no"},
    "pregnancy-possible": {"contraception": "no"},
    "trying-to-conceive": {"trying_to_conceive": "yes"},
    "pregnancy-test": {"pregnant": "not-possible"},
    "breastfeeding": {"breastfeeding": "yes"},
    "postpartum-12m": {"gave_birth_12m": "yes", "preeclampsia": "no", "infant_harm": "no"},
    "ketamine-allergy": {"ketamine_allergy": "yes"},
    "ketamine-bad-reaction": reacted("laryngospasm"),
    "allergy-ketamine-text": {"allergies": [{"allergen": "Ketalar", "reaction": "hives"}]},
    "rescue-drug-allergy": {"rescue_drug_allergy": "yes"},
    "schizophrenia-spectrum": diagnosed("schizoaffective"),
    "psychosis-now": {"psychosis_now": "yes"},
    "mde-psychotic": {"psychosis_ever": "yes", "psychosis_in_this_episode": "yes"},
    "psychosis-history": {"psychosis_ever": "yes", "psychosis_in_this_episode": "no"},
    "mania-current": {"mania_now": "yes", "mania_unsafe": "no"},
    "mania-danger": {"mania_now": "yes", "mania_unsafe": "yes"},
    "mania-history": {"mania_ever": "yes"},
    "mania-drug-induced": {"mania_ever": "yes", "mania_drug_induced": "yes"},
    "bipolar-no-stabiliser": diagnosed("bipolar-2", mood_stabiliser_now="no"),
    "bipolar-stabilised": takes("lithium") | diagnosed("bipolar-2", mood_stabiliser_now="yes"),
    "dissociative-did": unreal(10),
    "dissociation-high": unreal(30),
    "dissociation-elevated": unreal(20),
    "depersonalisation": unreal(0),
    "personality-severe": diagnosed("personality-disorder"),
    "family-psychosis": {"family_psychosis": "yes"},
    "suicide-high": thoughts(cssrs_4="yes"),
    "suicide-moderate": thoughts(cssrs_3="yes"),
    "suicide-low": thoughts(),
    "suicide-unknown": thoughts(cssrs_4="discuss"),
    "suicide-item-open": {"cssrs_1": "discuss"},
    "suicide-discordant": {"phq9_9": 2, "firearm_or_means_access": "no"},
    "suicide-means": thoughts(firearm_or_means_access="yes"),
    "free-text-crisis": {"treatment_goals": "Some days I want to die."},
    "recent-discharge": {"psychiatric_admission": "within-30-days"},
    "recent-admission": {"psychiatric_admission": "1-12-months"},
    "violence-now": {"violence_now": "yes"},
    "infant-harm": {"gave_birth_12m": "yes", "preeclampsia": "no", "infant_harm": "yes"},
    "dv-danger": {"safe_at_home": "not-safe-now"},
    "dv-history": {"safe_at_home": "past-only"},
    "dv-not-asked": {"alone_now": "no", "safe_at_home": None},
    "sud-ketamine-pcp": {"ketamine_use_disorder": "yes"},
    "sud-active": {"use_disorder": "now-or-within-3-months"},
    "sud-unclear": diagnosed("substance-use-disorder"),
    "ketamine-nonmedical": {
        "substances_12m": ["ketamine-or-pcp"],
        "substances_last_month": ["none"],
        "ketamine_bad_reaction": ["none"],
    },
    "ketamine-many": had_ketamine(doses=50),
    "sud-indication": {
        "seeking_help_for": ["depression", "substance-use"],
        "addiction_care": "yes",
    },
    "sud-early-remission": {"use_disorder": "3-6-months-ago"},
    "sud-remission": {"use_disorder": "over-6-months-ago"},
    "alcohol-hazardous": drinks(4, 3, 0, sex="male"),
    "alcohol-risky": drinks(3, 0, 0),
    "drug-screen-positive": {"urine_drug_screen": "unexpected"},
    "pdmp-concern": {"pdmp_concern": "yes"},
    "intoxicated-now": {"intoxicated_now": "yes"},
    "withdrawal-now": {"withdrawal_now": "yes"},
    "illicit-use-recent": used("stimulants-or-cocaine"),
    "cannabis-regular": used("cannabis"),
    "psychedelic-recent": used("psychedelics-or-mdma"),
    "opioid-high": takes("oxycodone", opioid_mme="90-or-more"),
    "opioid-moderate": takes("oxycodone", opioid_mme="50-89"),
    "benzo-high": takes("Xanax", benzodiazepine_high="yes"),
    "cns-depressant-combo": takes("oxycodone", "gabapentin", opioid_mme="under-50"),
    "sedative-stack": takes("Xanax", "zolpidem", benzodiazepine_high="no"),
    "med-theophylline": takes("theophylline"),
    "med-ergot": takes("methylergonovine", ergot_last_72h="yes"),
    "med-ergot-use": takes("methylergonovine", ergot_last_72h="no"),
    "med-maoi": takes("Nardil"),
    "med-naltrexone": takes("naltrexone"),
    "med-nmda": takes("memantine"),
    "med-stimulant": takes("Adderall"),
    "med-anticoagulant": takes("warfarin"),
    "med-benzodiazepine": takes("Xanax", benzodiazepine_high="no"),
    "med-other-clear": takes("zuranolone"),
    "med-other-caution": takes("nefazodone"),
    "med-unrecognised": takes("zzyzx drops"),
    "ketamine-concurrent": had_ketamine(2),
    "ketamine-recent": had_ketamine(3),
    "ketamine-nonresponse": had_ketamine(doses=6, ketamine_response="none"),
    "neurostim-concurrent": {
        "other_treatments": ["tms"],
        "tms_sessions": 10,
        "tms_response": "partial",
        "neurostimulation_now": "yes",
    },
    "surgery-planned": {"surgery": ["planned-within-2-weeks"]},
    "surgery-recent": {"surgery": ["major-in-last-6-weeks"]},
    "trial-participation": {"in_drug_trial": "yes"},
    "indication-below-threshold": {f"phq9_{n}": 0 for n in range(1, 10)},
    "never-treated": {"antidepressant_trials": [], "medications": [medicine_row("vitamin D")]},
    "trials-under-two": {"antidepressant_trials": [trial_row("sertraline", 100, 12)]},
    "history-unsure": heart("unsure"),
    "diabetes-unsure": {"diabetes": ["unsure"]},
    "consent-not-understood": {"knows_ride_home": "drives"},
}

# A patient who comes back: the rules that a check-in alone has, or words otherwise.
FIRES_AT_CHECK_IN: dict[str, Changes] = {
    "capacity-uncertain": {"capacity": "uncertain"},
    "bp-unknown": {"bp_known": "no"},
    "htn-controlled": takes("lisinopril", bp_tablets_missed="no"),
    "mi-acs-under-6m": {"since_last": ["heart-attack"]},
    "stroke-tia-under-6m": {"since_last": ["stroke-or-tia"]},
    "seizure-uncontrolled": {"since_last": ["seizure"]},
    "syncope-unexplained": {"since_last": ["fainted"]},
    "head-injury-recent": {
        "since_last": ["head-injury"],
        "head_injury_severity": "moderate-or-severe",
    },
    "concussion-symptomatic": {
        "since_last": ["head-injury"],
        "head_injury_severity": "concussion",
    },
    "recent-discharge": {"since_last": ["mental-health-hospital"]},
    "urine-blood-after-ketamine": {"kidney_bladder_conditions": ["blood-in-urine"]},
    "ketamine-bad-reaction": {"last_infusion_problems": ["breathing"]},
    "ketamine-concurrent": {"ketamine_elsewhere": "yes"},
    "psychedelic-recent": {"substances_last_month": ["psychedelics-or-mdma"]},
    "history-unsure": {"since_last": ["unsure"]},
    "post-infusion-emergency": {"after_infusion_now": ["swelling"]},
    "urine-retention": {"bladder_since": ["cannot-urinate"]},
    "gap-over-90-days": {"last_infusion": "2026-08-24"},
    "last-infusion-unknown": {"last_infusion": None},
    "booster-under-14-days": {"last_infusion": "2026-11-10"},
    "heart-new": {"since_last": ["heart-other"]},
    "hospital-since": {"since_last": ["hospital"]},
    "fall-since": {"since_last": ["fall"]},
    "eyes-new": {"since_last": ["eyes"]},
    "new-diagnosis": {"since_last": ["new-diagnosis"]},
    "thinking-worse": {"thinking_worse": "yes"},
    "allergy-last-time": {"last_infusion_problems": ["allergy"]},
    "bp-high-last-time": {"last_infusion_problems": ["high-pressure"]},
    "dissociation-over-24h": {"last_infusion_problems": ["unreal-over-24h"]},
    "distress-over-24h": {"last_infusion_problems": ["distress-over-24h"]},
    "sickness-last-time": {"last_infusion_problems": ["sickness"]},
    "nocturia-new": {"bladder_since": ["night"]},
    "medicine-changed": {"medicine_changes": ["dose"]},
    "bp-tablets-missed": takes("lisinopril", bp_tablets_missed="yes"),
    "ketamine-craving": {"ketamine_craving": "yes"},
}

# One step on the other side of a figure: the rule is not true any more.
JUST_NOT: dict[str, list[Changes]] = {
    "age-under-18": [{"date_of_birth": "2008-11-23"}],
    "age-65-74": [
        {"date_of_birth": "1961-11-24", "memory_worse": "no"},
        {"date_of_birth": "1951-11-23", "memory_worse": "no"},
    ],
    "age-75-plus": [{"date_of_birth": "1951-11-24", "memory_worse": "no"}],
    "bp-crisis-asymptomatic": [{"bp_systolic": 179, "bp_diastolic": 119}],
    "bp-uncontrolled": [{"bp_systolic": 159, "bp_diastolic": 99}, {"bp_systolic": 180}],
    "bp-elevated": [{"bp_systolic": 140, "bp_diastolic": 90}, {"bp_systolic": 160}],
    "bp-low": [{"bp_systolic": 90}],
    "htn-controlled": [{"hypertension": "yes", "hypertension_crisis": "no", "bp_systolic": 141}],
    "mi-acs-under-6m": [heart("heart-attack-stent-bypass", heart_event_months_ago=7)],
    "mi-acs-6-12m": [
        heart("heart-attack-stent-bypass", heart_event_months_ago=6),
        heart("heart-attack-stent-bypass", heart_event_months_ago=13),
    ],
    "cad-stable": [heart("heart-attack-stent-bypass", heart_event_months_ago=12)],
    "stroke-tia-under-6m": [{"vessel_conditions": ["stroke-or-tia"], "stroke_months_ago": 7}],
    "stroke-tia-history": [{"vessel_conditions": ["stroke-or-tia"], "stroke_months_ago": 6}],
    "vte-recent": [heart("blood-clot", clot_months_ago=4)],
    "hr-out-of-range": [{"heart_rate": 50}, {"heart_rate": 120}],
    "hr-fast": [{"heart_rate": 100}, {"heart_rate": 121}],
    "head-injury-recent": [head_injury("moderate-or-severe", 7)],
    "concussion-symptomatic": [head_injury("concussion", 4)],
    "head-injury-history": [head_injury("moderate-or-severe", 6)],
    "memory-worse": [{"date_of_birth": "1966-11-24", "memory_worse": "yes"}],
    "seizure-uncontrolled": [brain("epilepsy-or-seizure", seizure_months_ago=7)],
    "seizure-history": [brain("epilepsy-or-seizure", seizure_months_ago=6)],
    "spo2-low": [{"spo2": 93}],
    "spo2-borderline": [{"spo2": 92}, {"spo2": 95}],
    "asa-4": [{"asa_class": 3}],
    "asa-3": [{"asa_class": 2}, {"asa_class": 4}],
    "osa-high": [{"snores_loudly": "yes", "weight_lb": 210}],
    "bmi-40": [{"height_in": 65, "weight_lb": 240}],
    "bmi-35-39": [{"height_in": 65, "weight_lb": 210}, {"height_in": 65, "weight_lb": 241}],
    "bmi-under-16": [{"height_in": 65, "weight_lb": 97}],
    "bmi-under-185": [{"height_in": 65, "weight_lb": 112}, {"height_in": 65, "weight_lb": 96}],
    "weight-high": [{"height_in": 75, "weight_lb": 253}],
    "weight-low": [{"height_in": 60, "weight_lb": 100}],
    "urine-blood-after-ketamine": [had_ketamine(3, kidney_bladder_conditions=["blood-in-urine"])],
    "dissociation-high": [unreal(20)],
    "dissociation-elevated": [unreal(10), unreal(30)],
    "suicide-discordant": [{"phq9_9": 1, "firearm_or_means_access": "no"}],
    "ketamine-many": [had_ketamine(doses=49)],
    "alcohol-hazardous": [drinks(4, 2, 0, sex="male"), drinks(4, 0, 0)],
    "alcohol-risky": [drinks(2, 0, 0), drinks(3, 2, 0), drinks(3, 0, 0, sex="male")],
    "ketamine-concurrent": [had_ketamine(3)],
    "ketamine-recent": [had_ketamine(2), had_ketamine(14)],
    "ketamine-nonresponse": [had_ketamine(doses=5, ketamine_response="none")],
    "trials-under-two": [{}],
}
