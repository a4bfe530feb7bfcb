"""Invented people for trying the product out. Nobody here exists; numbers are 555-01xx.

`PLAIN` answers everything so that nothing is found; each person says what is different. Answers to
questions that a person is not asked are dropped by the same code that drops them for a patient.
"""

from dataclasses import dataclass
from typing import Any

Changes = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """`ago`: hours before now that the intake was sent, or left. `until`: the page at which an
    unfinished one was left. `handled`: what staff noted about its alert, "" while nobody has."""

    name: str
    born: str
    ago: float
    changes: Changes
    until: str = ""
    handled: str = ""

    def answers(self, number: int) -> dict[str, Any]:
        """Everything that was answered. `number` tells one telephone from another."""
        first, last = self.name.split(" ", 1)
        mailbox = f"{first}.{number}".lower().encode("ascii", "ignore").decode()
        about = {
            "first_name": first,
            "last_name": last,
            "date_of_birth": self.born,
            "email": f"{mailbox}@example.org",
            "phone": f"805-555-01{number:02}",
            "signature_name": self.name,
        }
        return PLAIN | about | self.changes


def scale(name: str, points: str) -> Changes:
    """One digit an item: `scale("gad7", "1102110")`."""
    return {f"{name}_{item}": int(point) for item, point in enumerate(points, 1)}


def trial(drug: str, dose: float | None, weeks: int | None, helped: str, **more: str) -> Changes:
    row = {
        "drug": drug,
        "max_daily_dose_mg": dose,
        "weeks": weeks,
        "this_episode": "yes",
        "most_days": "yes",
        "improvement": helped,
        "wore_off": "no",
        "still_taking": "no",
        "stopped_for_side_effects": "no",
    }
    return {name: cell for name, cell in (row | more).items() if cell is not None}


def takes(*medicines: str) -> Changes:
    """Medicines as "name, dose, how often", all taken today."""
    rows = [
        dict(zip(("medicine", "dose", "frequency"), line.split(", "), strict=False))
        | {"last_taken": "today"}
        for line in medicines
    ]
    return {"takes_medications": "yes", "medications": rows}


def seeks(*conditions: str, months: int = 8) -> Changes:
    """The first is the main concern."""
    return {
        "seeking_help_for": list(conditions),
        "main_concern": conditions[0],
        "episode_months": months,
    }


MALE: Changes = {"sex_at_birth": "male", "pregnant": "not-possible"}
SPANISH: Changes = {"language": "es"}
NO_TRIALS: Changes = {"antidepressant_trials": []}
TALKED: Changes = {
    "other_treatments": ["psychotherapy"],
    "psychotherapy_types": ["cbt"],
    "psychotherapy_months": 14,
    "psychotherapy_response": "partial",
}
LOW: Changes = scale("phq9", "111011000")  # too few points for depression
TRAUMA: Changes = (
    {"pcptsd5_gate": "yes"}
    | {f"pcptsd5_{item}": "yes" for item in range(1, 6)}
    | scale("pcl5", "33243232233243232322")
)

NONE_OF = (
    "alarm_symptoms_now", "other_treatments", "heart_conditions", "vessel_conditions",
    "brain_conditions", "lung_conditions", "anaesthetic_problem", "stomach_conditions",
    "liver_conditions", "kidney_bladder_conditions", "diabetes", "surgery", "substances_12m",
)  # fmt: skip
NO = (
    "feels_pushed", "alarm_symptoms_new", "intoxicated_now", "withdrawal_now", "interpreter_needed",
    "cssrs_1", "cssrs_2", "cssrs_3", "cssrs_4", "cssrs_5", "cssrs_6", "cssrs_6a", "violence_now",
    "firearm_or_means_access", "pcptsd5_gate", "psychosis_now", "psychosis_ever",
    "psychosis_in_this_episode", "mania_now", "mania_ever", "mania_drug_induced",
    "unreal_most_days", "family_psychosis", "ketamine_use_disorder", "neurostimulation_now",
    "ketamine_ever", "takes_medications", "ketamine_allergy", "rescue_drug_allergy",
    "benzodiazepine_high", "hypertension", "hypertension_crisis", "fainted_6m", "memory_worse",
    "delirium_3m", "glaucoma", "eye_surgery", "snores_loudly", "seen_to_stop_breathing",
    "tired_by_day", "infection_now", "hard_to_cannulate", "thyroid", "porphyria", "in_drug_trial",
    "pregnant", "trying_to_conceive", "breastfeeding", "gave_birth_12m", "has_therapist",
    "sole_carer_or_alone",
)  # fmt: skip
YES = (
    "voicemail_ok", "has_emergency_contact", "has_primary_care", "has_mental_health_prescriber",
    "may_contact_care_team", "diagnosis_made_by_clinician", "alone_now", "safe_at_home",
    "contraception", "bp_known", "escort", "agrees_not_to_drive", "can_fast",
    "can_attend_schedule",
)  # fmt: skip
AGREED = ("consent_screening", "consent_privacy", "consent_limits", "attest_true")

PLAIN: Changes = {
    **dict.fromkeys(AGREED, True),
    **dict.fromkeys(YES, "yes"),
    **dict.fromkeys(NO, "no"),
    **{name: ["none"] for name in NONE_OF},
    "language": "en",
    "filling_in_for": "self",
    "decision_maker": "self",
    "sex_at_birth": "female",
    "city": "San Luis Obispo",
    "state": "CA",
    "zip_code": "93401",
    "emergency_contact_name": "Robin Vale",
    "emergency_contact_relationship": "friend",
    "emergency_contact_phone": "805-555-0199",
    "referral_source": "psychiatrist",
    "primary_care_name": "Dr. Okafor",
    "prescriber_name": "Dr. Lindqvist",
    **seeks("depression"),
    **scale("phq9", "332312200") | {"phq9_10": 2},
    **scale("gad7", "1112111"),
    "psychiatric_diagnoses": ["depression"],
    "psychiatric_admission": "never",
    "auditc_1": 1,
    "auditc_2": 0,
    "auditc_3": 0,
    "use_disorder": "never",
    "tobacco": "never",
    "antidepressant_trials": [
        trial("sertraline", 150, 12, "none"),
        trial("bupropion XL", 300, 8, "some"),
    ],
    "allergies": [],
    "bp_systolic": 118,
    "bp_diastolic": 76,
    "height_in": 66,
    "weight_lb": 152,
    "in_therapy_or_willing": "willing",
    "sleep_hours": 6.5,
    "exercise_days": 2,
    "mindfulness": "sometimes",
    "nutrition": "fair",
}


# A person is read as a paragraph, not as a column.
# fmt: off
CANDIDATES = (
    Person("Ana Peña-O’Hara", "1984-03-09", 2.5, {
        "treatment_goals": "Sleep all night.\nRead to my daughter again.\n\nFeel like \"me\".",
        **takes("Wellbutrin XL, 300 mg, once a day", "vitamin D, 2000 IU, once a day"),
    }),
    Person("Tomás Ibáñez Ríos", "1991-07-22", 26, {
        **SPANISH, **MALE, **seeks("depression", "anxiety", months=14), **TALKED,
        **scale("gad7", "2232212"),
        "psychiatric_diagnoses": ["depression", "generalized-anxiety"],
        "has_therapist": "yes", "therapist_name": "Lic. Marisol Núñez",
        "treatment_goals": "Volver a trabajar.\nDormir sin pastillas, y jugar fútbol con mi niño.",
        "city": "Paso Robles", "zip_code": "93446",
    }),
    Person("Wren Kowalski", "1998-11-30", 51, {
        **seeks("depression", months=30), **scale("phq9", "333332310"),
        "preferred_name": "Wren", "pronouns": "they/them", "gender_identity": "nonbinary",
        "cssrs_1": "no", "firearm_or_means_access": "no",
        "antidepressant_trials": [
            trial("escitalopram", 20, 16, "none"),
            trial("venlafaxine XR", 225, 10, "some"),
            trial("mirtazapine", 45, 9, "none"),
            trial("aripiprazole", 5, 6, "none", added_to="venlafaxine XR"),
        ],
        "treatment_goals": "to feel things again 🌱 – even the small ones 🙂",
    }),
    Person("Priya Raman", "1979-01-17", 170, {
        **seeks("anxiety"), **LOW, **scale("gad7", "3232323"),
        "psychiatric_diagnoses": ["generalized-anxiety", "panic"],
        "hard_to_cannulate": "yes", "motion_sickness": "yes", "height_in": 62, "weight_lb": 137.5,
    }),
    Person("Sam O’Dell", "2007-02-03", 263, {
        **MALE, "filling_in_for": "someone-else", "filled_in_by": "Pat O’Dell",
        "filled_in_by_role": "helper-typing", "access_needs": "reads large print only",
        "can_attend_schedule": "no", "phq9_10": "discuss",
    }),
    Person("Noor Haddad", "1988-09-12", 412, {
        **TALKED, "family_psychosis": "yes", "tobacco": "former",
        "allergies": [{"allergen": "penicillin", "reaction": "hives"}, {"allergen": "látex"}],
    }),
)

CLEARANCE = (
    Person("Gloria Håkansson", "1958-05-27", 5, {
        "hypertension": "yes", "bp_systolic": 148, "bp_diastolic": 84, "height_in": 63.5,
        "vessel_conditions": ["stroke-or-tia"], "stroke_months_ago": 40,
        "diabetes": ["diet-or-tablets"],
        **takes(
            "lisinopril, 20 mg, once a day", "amlodipine, 5 mg, once a day",
            "metformin, 1000 mg, twice a day", "atorvastatin, 40 mg, at night",
            "clopidogrel, 75 mg, once a day", "levothyroxine, 75 mcg, in the morning",
            "omeprazole, 20 mg, once a day", "sertraline, 100 mg, once a day",
            "fish oil, 1 g, once a day", "vitamin B12, 1000 mcg, once a day",
            "acetaminophen, 500 mg, when it hurts", "melatonin, 3 mg, at night",
        ),
        "thyroid": "underactive",
    }),
    Person("Ruth Feldman", "1969-12-02", 30, {
        **seeks("ptsd", "chronic-pain"), **TRAUMA, **LOW,
        "peg_1": 7, "peg_2": 8, "peg_3": 6, "psychiatric_diagnoses": ["ptsd"],
        "safe_at_home": "past-only", "opioid_mme": "under-50",
        **takes("gabapentin, 300 mg, three times a day", "oxycodone, 5 mg, twice a day"),
        "anything_else": "-50 mg is too much, +25 mg was fine; see \"Dr. Lee's letter\"",
    }),
    Person("Yusuf Demir", "1995-04-08", 54, {
        **MALE, **seeks("ocd", "depression"),
        "psychiatric_diagnoses": ["ocd", "unsure"], "glaucoma": "unsure",
        "heart_conditions": ["unsure"], "ketamine_ever": "unsure", "escort": "unsure",
        "antidepressant_trials": [trial("fluvoxamine", None, None, "unsure"),
                                  trial("clomipramine", 150, 14, "some")],
    }),
    Person("Mei-Ling Hsu", "1973-08-19", 76, {
        "pcptsd5_gate": "discuss", "safe_at_home": "discuss", "substances_12m": "discuss",
        "substances_last_month": "discuss", "use_disorder": "discuss", "psychosis_now": "discuss",
        "interpreter_needed": "yes", "interpreter_language": "中文 (Mandarin)",
    }),
    Person("Caleb Ortiz", "1986-06-14", 101, {
        **MALE, **seeks("substance-use", "depression"), "addiction_care": "yes",
        "auditc_1": 4, "auditc_2": 3, "auditc_3": 3, "use_disorder": "3-6-months-ago",
        "substances_12m": ["cannabis", "psychedelics-or-mdma"], "tobacco": "current",
        "substances_last_month": ["cannabis"], "psychedelic_bad_experience": "unsure",
        "psychiatric_diagnoses": ["depression", "substance-use-disorder"],
        **takes("naltrexone, 50 mg, once a day"),
    }),
    Person("Naomi Abara", "1994-10-05", 148, {
        **seeks("postpartum-depression", months=4), **NO_TRIALS,
        "gave_birth_12m": "yes", "preeclampsia": "no", "infant_harm": "no",
        "breastfeeding": "yes", "sole_carer_or_alone": "yes", "referral_source": "primary-care",
    }),
    Person("Harold Jensen", "1946-02-28", 196, {
        **MALE, **seeks("neurodegenerative", "depression"), "brain_conditions": ["parkinsons"],
        "memory_worse": "yes", "decision_maker": "guardian-or-proxy", "glaucoma": "treated",
        "filling_in_for": "someone-else", "filled_in_by": "Karen Jensen",
        "filled_in_by_role": "family-or-friend", "voicemail_ok": "no",
        **takes("carbidopa-levodopa, 25/100, three times a day", "rasagiline, 1 mg, once a day"),
    }),
    Person("Keisha Daniels", "1990-03-31", 244, {
        **seeks("bipolar-depression", months=18), "psychiatric_diagnoses": ["bipolar-2"],
        "mania_ever": "yes", "mania_drug_induced": "unsure", "mood_stabiliser_now": "yes",
        "antidepressant_trials": [trial("quetiapine", 300, 8, "none"),
                                  trial("lamotrigine", 200, 12, "some", still_taking="yes")],
        **takes("lamotrigine, 200 mg, once a day", "lithium, 900 mg, at night"),
    }),
    Person("Luis Ávila", "1962-01-25", 316, {
        **SPANISH, **MALE, **seeks("chronic-pain"), **LOW, "peg_1": 9, "peg_2": 8, "peg_3": 9,
        "psychiatric_diagnoses": ["none"], "opioid_mme": "50-89", "kidney_bladder_conditions":
        ["moderate-kidney-disease"], "has_therapist": "no", "weight_lb": 241, "height_in": 68,
        **takes(
            "tramadol, 50 mg, 4 veces al día", "pregabalina, 75 mg, 2 veces al día",
            "ibuprofeno, 600 mg, 3 veces al día", "losartán, 50 mg, 1 vez al día",
            "hidroclorotiazida, 25 mg, 1 vez al día", "omeprazol, 20 mg, 1 vez al día",
            "atorvastatina, 20 mg, por la noche", "té de boldo, 1 taza, por la mañana",
            "vitamina B12, 1000 mcg, 1 vez al día", "Zyxofen, 1 tableta, cuando duele",
        ),
        "hypertension": "yes", "anything_else": "Me duele más cuando llueve.\nGracias. ☔",
    }),
    Person("Elena Popović", "2000-06-06", 340, {
        **seeks("suicidal-thoughts", "depression", months=6), **scale("phq9", "333222222"),
        "cssrs_1": "yes", "cssrs_2": "yes", "cssrs_3": "yes", "firearm_or_means_access": "yes",
        "psychiatric_admission": "1-12-months",
    }),
    Person("Jordan Smith", "1983-05-15", 438, {
        **MALE, "other_treatments": ["ketamine", "tms"], "tms_sessions": 36, "tms_response": "none",
        "ketamine_last_weeks_ago": 20, "ketamine_doses": 8, "ketamine_response": "good",
        "ketamine_bad_reaction": ["none"], "unreal_most_days": "yes",
        **scale("dest", "12110102") | {f"dest_{item}": 10 * item for item in range(1, 6)}
        | {"dest_6": 0, "dest_7": 30, "dest_8": 20},
    }),
    Person("Ingrid Sørensen", "1976-07-04", 510, {
        "lung_conditions": ["asthma", "sleep-apnoea"], "lung_severity": "mild-or-moderate",
        "lung_flare_6w": "no", "sleep_apnoea_treated": "no", "weight_lb": 262, "height_in": 65,
        "glp1_symptoms": ["dose-rising", "nausea-or-vomiting"], "treatment_goals": "=1+1 good days",
        **takes("Ozempic, 0.5 mg, once a week", "albuterol, 2 puffs, when needed"),
    }),
)

EXCLUDED = (
    Person("Dolores Quintanilla", "1967-09-01", 80, {
        **SPANISH, "psychiatric_diagnoses": ["schizophrenia", "depression"],
        "psychosis_ever": "yes", "psychosis_in_this_episode": "no",
        **takes("risperidona, 4 mg, por la noche"),
    }),
    Person("Marcus Bell", "1971-11-11", 221, {
        **MALE, "vessel_conditions": ["aneurysm"], "hypertension": "yes", "bp_systolic": 164,
        "bp_diastolic": 98, **takes("metoprolol, 50 mg, twice a day"),
    }),
    Person("Baptiste Nguyễn", "1959-04-20", 365, {
        **MALE, "lung_conditions": ["copd"], "lung_severity": "mild-or-moderate",
        "lung_flare_6w": "yes", "tobacco": "current", "benzodiazepine_high": "no",
        **takes("theophylline, 300 mg, twice a day", "Klonopin, 0.5 mg, at night"),
    }),
)

URGENT = (
    Person("Piotr Zając", "1980-12-24", 1.2, {
        **MALE, **scale("phq9", "333323323"), "cssrs_1": "yes", "cssrs_2": "yes", "cssrs_3": "yes",
        "cssrs_4": "yes", "cssrs_5": "yes", "cssrs_6": "yes", "cssrs_6a": "no",
        "firearm_or_means_access": "yes",
    }),
    Person("Aiyana Begay", "1955-10-10", 125, {
        "alarm_symptoms_now": ["chest-pain", "breathlessness"], "alarm_symptoms_new": "yes",
        "heart_conditions": ["coronary-disease"], "interpreter_needed": "yes",
        "interpreter_language": "Diné bizaad", "state": "AZ", "city": "Chinle", "zip_code": "86503",
    }, handled="Called at once. Paramedics took her to Chinle hospital; her daughter is with her."),
    Person("Sofía Marín", "1996-02-14", 290, {
        **SPANISH, **seeks("ptsd"), **TRAUMA, **LOW, "safe_at_home": "not-safe-now",
        "voicemail_ok": "no", "psychiatric_diagnoses": ["ptsd"], **NO_TRIALS,
    }, handled="Reached on her own phone. She is at her sister’s; advocate’s number given."),
)

UNFINISHED = (
    Person("Lucas Ferreira", "1993-03-03", 0.4, {
        **MALE, **scale("phq9", "333333332"), "cssrs_1": "yes", "cssrs_2": "yes", "cssrs_3": "yes",
        "cssrs_4": "yes", "cssrs_5": "no", "firearm_or_means_access": "discuss",
    }, until="anxiety"),
    Person("Amara Diallo", "1989-08-08", 3, {
        "alarm_symptoms_now": ["severe-headache", "vision-change"], "alarm_symptoms_new": "yes",
    }, until="care-team"),
)

# fmt: on

PEOPLE = (*CANDIDATES, *CLEARANCE, *EXCLUDED, *URGENT, *UNFINISHED)
