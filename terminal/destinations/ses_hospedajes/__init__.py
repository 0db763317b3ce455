"""SES.HOSPEDAJES of Spain: the register of travellers of Royal Decree 933/2021 (docs/destinations/spain.md)."""
